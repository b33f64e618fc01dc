#include "frame_rate.hpp"

#include <cmath>

#include "check.hpp"

using namespace mezz;
using namespace mezz::worker;

// Times of pictures at a rate, rounded to milliseconds as Matroska does.
static std::vector<std::int64_t> rounded_times(double rate, int count) {
    std::vector<std::int64_t> times;
    for (int i = 0; i < count; ++i)
        times.push_back(std::llround(i * 1000 / rate) * 1000);
    return times;
}

static const char* sees_through_rounding() {
    MEZZ_CHECK(choose_frame_rate(rounded_times(24000.0 / 1001, 200), {1000, 1}, {1000, 1}) ==
               FrameRate{24000, 1001});
    MEZZ_CHECK(choose_frame_rate(rounded_times(24, 200), {1000, 1}, {}) == FrameRate{24, 1});
    MEZZ_CHECK(choose_frame_rate(rounded_times(30000.0 / 1001, 300), {}, {}) == FrameRate{30000, 1001});
    MEZZ_CHECK(choose_frame_rate(rounded_times(12.5, 100), {25, 2}, {25, 2}) == FrameRate{25, 2});
    return test::kFine;
}

static const char* caps_and_guesses() {
    MEZZ_CHECK(choose_frame_rate(rounded_times(120, 300), {120, 1}, {120, 1}) == FrameRate{60, 1});
    MEZZ_CHECK(choose_frame_rate({}, {30, 1}, {0, 0}) == FrameRate{30, 1});
    MEZZ_CHECK(choose_frame_rate({}, {0, 0}, {0, 0}) == FrameRate{25, 1});
    return test::kFine;
}

static const char* encloses_varying_pictures() {
    std::vector<std::int64_t> times;
    std::int64_t time = 0;
    for (int i = 0; i < 100; ++i)
        times.push_back(time += i % 3 == 0 ? 100000 : i % 3 == 1 ? 33333 : 66667);
    MEZZ_CHECK(choose_frame_rate(times, {30, 1}, {15, 1}) == FrameRate{30, 1});
    MEZZ_CHECK(choose_frame_rate(times, {600, 1}, {15, 1}).value() <= 60);
    return test::kFine;
}

static const char* gops_last_two_seconds() {
    MEZZ_CHECK(gop_length({25, 1}, false) == 50);
    MEZZ_CHECK(gop_length({30000, 1001}, false) == 60);
    MEZZ_CHECK(gop_length({25, 2}, false) == 25);
    MEZZ_CHECK(gop_length({60000, 1001}, true) == 120);
    MEZZ_CHECK(gop_length({1, 1}, false) == 2);
    MEZZ_CHECK(field_rate({25, 1}) == FrameRate{50, 1});
    MEZZ_CHECK(field_rate({60, 1}) == FrameRate{60, 1});
    return test::kFine;
}

static const char* ticks_are_whole() {
    const FrameTiming film = frame_timing({24000, 1001});
    MEZZ_CHECK(film.timescale == 24000 && film.ticks == 1001);
    const FrameTiming plain = frame_timing({25, 2});
    MEZZ_CHECK(plain.timescale == 25000 && plain.ticks == 2000);
    return test::kFine;
}

int main() {
    using test::checked;
    const CMUnitTest tests[] = {
        cmocka_unit_test(checked<sees_through_rounding>), cmocka_unit_test(checked<caps_and_guesses>),
        cmocka_unit_test(checked<encloses_varying_pictures>),
        cmocka_unit_test(checked<gops_last_two_seconds>), cmocka_unit_test(checked<ticks_are_whole>)};
    return cmocka_run_group_tests_name("frame_rate", tests, nullptr, nullptr);
}
