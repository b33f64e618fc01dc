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

// Where 64 bits are no longer enough the results go on as before.
static void is_exact_for_large_products() {
    __extension__ using Wide = unsigned __int128;
    for (unsigned shift = 0; shift < 46; ++shift)
        for (std::uint64_t near = 0; near < 3; ++near) {
            const std::uint64_t value = (std::uint64_t{1} << shift) + near;
            const Wide right = (Wide{value} * 90000 * 2 + 48000) / 96000;
            assert_true(mezz::rescale(static_cast<std::int64_t>(value), 90000, 48000) ==
                        static_cast<std::int64_t>(right));
        }
    assert_true(mezz::rescale((std::int64_t{1} << 62) - 1, UINT32_MAX, UINT32_MAX - 1) > 1);
    assert_true(mezz::rescale(UINT32_MAX, UINT32_MAX, 1) == INT64_MAX);
}

static void does_not_overflow() {
    assert_true(mezz::rescale(INT64_MAX, 90000, 1) == INT64_MAX);
    assert_true(mezz::rescale(INT64_MIN, 90000, 1) == INT64_MIN);
    assert_true(mezz::rescale(INT64_MAX, 90000, 90000) == INT64_MAX);
}

int main() {
    const CMUnitTest tests[] = {MEZZ_TEST(rounds_to_nearest), MEZZ_TEST(is_exact_for_large_products),
                                MEZZ_TEST(does_not_overflow)};
    return cmocka_run_group_tests_name("rescale", tests, nullptr, nullptr);
}
