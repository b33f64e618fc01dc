#include "core/rescale.hpp"

#include "test.hpp"

static void rounds_to_nearest() {
    assert_int_equal(mezz::rescale(1, 90000, 3), 30000);
    assert_int_equal(mezz::rescale(1001, 90000, 30000), 3003);
    assert_int_equal(mezz::rescale(1, 1, 2), 1);
    assert_int_equal(mezz::rescale(-1, 1, 2), 0);
    assert_int_equal(mezz::rescale(-3, 1, 2), -1);
    assert_int_equal(mezz::rescale(-5, 1, 3), -2);
}

static void does_not_overflow() {
    assert_true(mezz::rescale(INT64_MAX, 90000, 1) == INT64_MAX);
    assert_true(mezz::rescale(INT64_MIN, 90000, 1) == INT64_MIN);
    assert_true(mezz::rescale(INT64_MAX, 90000, 90000) == INT64_MAX);
}

int main() {
    const CMUnitTest tests[] = {MEZZ_TEST(rounds_to_nearest), MEZZ_TEST(does_not_overflow)};
    return cmocka_run_group_tests_name("rescale", tests, nullptr, nullptr);
}
