#include "package/segmenter.hpp"

#include <algorithm>

#include "check.hpp"
#include "cmaf_fixture.hpp"
#include "mp4_driver.hpp"

namespace test = mezz::test;
using mezz::media::FileIndexView;
using mezz::media::TrackView;
using mezz::package::common_points;
using mezz::package::cut;
using mezz::package::cut_points;
using mezz::package::CutPoints;
using mezz::package::longest_gap;

namespace {

using Times = std::vector<std::int64_t>;

// Points each `step` ms up to `end` ms, on a clock of milliseconds.
CutPoints each(std::int64_t step, std::int64_t end) {
    CutPoints points{.timescale = 1000, .times = {}, .end = end};
    for (std::int64_t t = step; t < end; t += step)
        points.times.push_back(t);
    return points;
}

Times cut_ms(const CutPoints& points, std::vector<std::uint32_t> wished) {
    return cut(points, wished);
}

bool starts(const Times& times, const Times& first) {
    return times.size() >= first.size() && std::equal(first.begin(), first.end(), times.begin());
}

}  // namespace

static const char* cuts_at_the_wished_duration() {
    MEZZ_CHECK(cut_ms(each(2000, 20000), {6000}) == Times{0, 6000, 12000, 18000, 20000});
    MEZZ_CHECK(cut_ms(each(2000, 18000), {6000}) == Times{0, 6000, 12000, 18000});
    MEZZ_CHECK(cut_ms(each(1000, 5000), {1000}) == Times{0, 1000, 2000, 3000, 4000, 5000});
    return test::kFine;
}

// 60 frames of 1001/30000 s: three GOPs of 2.002 s are a little over 6 s, and still one segment.
static const char* ntsc_gops() {
    CutPoints points{.timescale = 30000, .times = {}, .end = 60060 * 10};
    for (std::int64_t i = 1; i < 10; ++i)
        points.times.push_back(60060 * i);
    MEZZ_CHECK(cut_ms(points, {6000}) == Times{0, 180180, 360360, 540540, 600600});
    return test::kFine;
}

static const char* takes_the_nearest_point() {
    const auto two = [](std::int64_t a, std::int64_t b) {
        return cut_ms({.timescale = 1000, .times = {a, b}, .end = 60000}, {6000})[1];
    };
    MEZZ_CHECK(two(5900, 6400) == 5900 && two(5500, 6400) == 6400 && two(5700, 6300) == 5700);
    MEZZ_CHECK(two(5400, 6499) == 6499 && two(5400, 6500) == 5400);
    return test::kFine;
}

static const char* long_gops_become_long_segments() {
    MEZZ_CHECK(cut_ms(each(10000, 35000), {6000}) == Times{0, 10000, 20000, 30000, 35000});
    MEZZ_CHECK(cut_ms({.timescale = 1000, .times = {}, .end = 90000}, {6000}) == Times{0, 90000});
    const CutPoints mixed{.timescale = 1000, .times = {2000, 4000, 30000, 32000, 34000}, .end = 36000};
    MEZZ_CHECK(cut_ms(mixed, {6000}) == Times{0, 4000, 30000, 36000});
    return test::kFine;
}

static const char* tails() {
    MEZZ_CHECK(cut_ms(each(2000, 18300), {6000}) == Times{0, 6000, 12000, 18300});  // fits into the last one
    MEZZ_CHECK(cut_ms(each(2000, 18499), {6000}) == Times{0, 6000, 12000, 18499});
    MEZZ_CHECK(cut_ms(each(2000, 18500), {6000}) == Times{0, 6000, 12000, 18000, 18500});
    const CutPoints later{.timescale = 1000, .times = {6400}, .end = 6700};  // 300 ms after a late point
    MEZZ_CHECK(cut_ms(later, {6000}) == Times{0, 6700});
    const CutPoints long_gop{.timescale = 1000, .times = {10000}, .end = 10100};
    MEZZ_CHECK(cut_ms(long_gop, {6000}) == Times{0, 10000, 10100});
    MEZZ_CHECK(cut_ms(each(2000, 0), {6000}) == Times{0, 1} && cut_ms(each(2000, -5), {6000}) == Times{0, 1});
    return test::kFine;
}

static const char* the_last_duration_repeats() {
    MEZZ_CHECK(starts(cut_ms(each(1000, 60000), {1000, 2000, 4000}), {0, 1000, 3000, 7000, 11000, 15000}));
    MEZZ_CHECK(starts(cut_ms(each(2000, 60000), {1000, 2000, 6000}), {0, 2000, 4000, 10000, 16000}));
    return test::kFine;
}

// Whatever the points: boundaries rise, are points, and leave no wish unmet where points allow it.
static const char* boundaries_are_points() {
    std::uint64_t state = 7;
    for (int round = 0; round < 300; ++round) {
        CutPoints points{.timescale = 90000, .times = {}, .end = 0};
        for (int i = 0; i < 60; ++i) {
            state = state * 6364136223846793005ULL + 1442695040888963407ULL;
            points.end += 45000 + static_cast<std::int64_t>((state >> 40) % 400000);
            points.times.push_back(points.end);
        }
        points.times.pop_back();
        const Times times = cut_ms(points, {2000, 6000});
        MEZZ_CHECK(times.front() == 0 && times.back() == points.end);
        for (std::size_t n = 1; n < times.size(); ++n) {
            const std::int64_t limit = (n == 1 ? 2499 : 6499) * 90;
            const auto next = std::ranges::upper_bound(points.times, times[n - 1]);
            MEZZ_CHECK(times[n] > times[n - 1]);
            const bool is_point = std::ranges::binary_search(points.times, times[n]);
            MEZZ_CHECK(n + 1 == times.size() || is_point);
            const bool first_after = next != points.times.end() && times[n] == *next;
            MEZZ_CHECK(times[n] - times[n - 1] <= limit + 45000 || first_after || n + 1 == times.size());
        }
    }
    return test::kFine;
}

static const char* points_of_tracks() {
    const auto block = test::scan(test::sidx_file({90000, 90000, 90000, 90000}, {{0, 135000}}));
    MEZZ_CHECK(block.has_value());
    const CutPoints points = cut_points(FileIndexView(*block).track(0));
    MEZZ_CHECK(points.timescale == 90000 && points.end == 225000 && points.times == Times{45000, 135000});
    MEZZ_CHECK(longest_gap(points) == 90000);
    MEZZ_CHECK(longest_gap({.timescale = 1, .times = {}, .end = 7}) == 7);
    MEZZ_CHECK(longest_gap({.timescale = 1, .times = {5, 6}, .end = 7}) == 5);
    return test::kFine;
}

// An index may say that a subsegment lasts no time.
static const char* pieces_without_duration() {
    const auto block = test::scan(test::sidx_file({90000, 90000, 0, 90000, 0}));
    MEZZ_CHECK(block.has_value());
    const CutPoints points = cut_points(FileIndexView(*block).track(0));
    MEZZ_CHECK(points.times == Times{90000, 180000} && points.end == 270000);
    return test::kFine;
}

static const char* points_that_tracks_share() {
    // Key frames each second, on a clock of 12800, 9 ms and 11 ms late.
    test::TrackSpec other = test::video_track(0, 1, 512, 12800);
    for (std::uint32_t i = 0; i < 100; ++i)
        other.frames.push_back({5, i == 24 ? 512U + 115U : i == 49 ? 512U + 26U : 512U, 0, i % 25 == 0});
    const auto block = test::scan(test::make_mp4({.tracks = {other}}).bytes);
    MEZZ_CHECK(block.has_value());
    const TrackView track = FileIndexView(*block).track(0);
    const CutPoints common = common_points(each(500, 4000), track);
    MEZZ_CHECK(common.times == Times{1000} && common.end == 4000 && common.timescale == 1000);
    return test::kFine;
}

static const char* a_reference_that_ends_at_once() {
    CutPoints points{.timescale = 1000, .times = {}, .end = 0};
    extend(points, 1999);
    MEZZ_CHECK(cut_ms(points, {1000}) == (Times{0, 1999}));
    points = {.timescale = 1000, .times = {}, .end = -2500};
    extend(points, 1999);
    MEZZ_CHECK(cut_ms(points, {1000}) == (Times{0, 500, 1999}));
    return test::kFine;
}

int main() {
    const CMUnitTest tests[] = {MEZZ_CHECKED(cuts_at_the_wished_duration),
                                MEZZ_CHECKED(ntsc_gops),
                                MEZZ_CHECKED(takes_the_nearest_point),
                                MEZZ_CHECKED(long_gops_become_long_segments),
                                MEZZ_CHECKED(tails),
                                MEZZ_CHECKED(the_last_duration_repeats),
                                MEZZ_CHECKED(boundaries_are_points),
                                MEZZ_CHECKED(points_of_tracks),
                                MEZZ_CHECKED(pieces_without_duration),
                                MEZZ_CHECKED(points_that_tracks_share),
                                MEZZ_CHECKED(a_reference_that_ends_at_once)};
    return cmocka_run_group_tests_name("segmenter", tests, nullptr, nullptr);
}
