#include "package/bit_rate.hpp"

#include <algorithm>
#include <cmath>
#include <random>

#include "check.hpp"

using mezz::package::bit_rate;
using mezz::package::BitRate;
using mezz::package::SegmentSize;
using mezz::test::kFine;

namespace {

// RFC 8216bis: the largest rate of any contiguous set of segments that lasts between 0.5 and 1.5 times the
// target duration.
std::uint64_t peak_by_definition(const std::vector<SegmentSize>& segments, std::uint32_t timescale,
                                 std::int64_t target) {
    double peak = 0;
    for (std::size_t first = 0; first < segments.size(); ++first)
        for (std::size_t last = first + 1; last <= segments.size(); ++last) {
            double bytes = 0;
            double ticks = 0;
            for (std::size_t i = first; i < last; ++i) {
                bytes += static_cast<double>(segments[i].bytes);
                ticks += static_cast<double>(segments[i].duration);
            }
            const auto longest = static_cast<double>(target);
            if (ticks < 0.5 * longest || ticks > 1.5 * longest || ticks == 0) continue;
            peak = std::max(peak, bytes * 8 * timescale / ticks);
        }
    return static_cast<std::uint64_t>(std::lround(peak));
}

}  // namespace

static const char* a_known_rate() {
    const std::vector<SegmentSize> even(5, {.bytes = 750000, .duration = 90000 * 6});
    const BitRate rate = bit_rate(even, 90000, 540000);
    MEZZ_CHECK(rate.peak == 1000000 && rate.average == 1000000);
    MEZZ_CHECK(bit_rate({}, 90000, 90000).peak == 0);
    const std::vector<SegmentSize> none{{.bytes = 5, .duration = 0}};
    MEZZ_CHECK(bit_rate(none, 90000, 90000).peak == 0 && bit_rate(none, 90000, 90000).average == 0);
    return kFine;
}

static const char* a_short_segment_alone_is_no_peak() {
    const std::vector<SegmentSize> segments{{1000, 6000}, {1000, 6000}, {900, 2999}};
    const BitRate rate = bit_rate(segments, 1000, 6000);
    // 900 bytes in 2.999 s alone would be 2401 b/s; with its neighbour it is 8.999 s and counts.
    MEZZ_CHECK(rate.peak == 1689 && rate.average == 1547);
    const std::vector<SegmentSize> half{{1000, 6000}, {900, 3000}};
    MEZZ_CHECK(bit_rate(half, 1000, 6000).peak == 2400);
    return kFine;
}

static const char* agrees_with_the_definition() {
    std::mt19937 random(8216);
    for (int round = 0; round < 400; ++round) {
        std::vector<SegmentSize> segments(1 + random() % 14);
        const std::uint32_t timescale = 1000 + static_cast<std::uint32_t>(random() % 90000);
        double bytes = 0;
        double ticks = 0;
        for (SegmentSize& segment : segments) {
            segment = {.bytes = random() % 1000000,
                       .duration = 1 + static_cast<std::int64_t>(random() % 600000)};
            bytes += static_cast<double>(segment.bytes);
            ticks += static_cast<double>(segment.duration);
        }
        const auto target = static_cast<std::int64_t>(random() % 900000);  // may be below the longest segment
        const BitRate rate = bit_rate(segments, timescale, target);
        const auto average = static_cast<std::uint64_t>(std::lround(bytes * 8 * timescale / ticks));
        MEZZ_CHECK(rate.average == average);
        MEZZ_CHECK(rate.peak == std::max(average, peak_by_definition(segments, timescale, target)));
    }
    return kFine;
}

// One giant segment among a hundred thousand must not cost as many steps for each.
static const char* a_giant_costs_little() {
    std::vector<SegmentSize> segments(100000, {.bytes = 1000, .duration = 1000});
    segments[500].duration = 1000000000;
    const BitRate rate = bit_rate(segments, 1000, 1000000000);
    MEZZ_CHECK(rate.peak >= rate.average && rate.average < 8000);
    return kFine;
}

static const char* huge_sizes_do_not_overflow() {
    const std::vector<SegmentSize> segments{{.bytes = UINT64_MAX / 4, .duration = 1}};
    MEZZ_CHECK(bit_rate(segments, UINT32_MAX, 1).peak == 1ULL << 53);
    return kFine;
}

int main() {
    const CMUnitTest tests[] = {MEZZ_CHECKED(a_known_rate), MEZZ_CHECKED(a_short_segment_alone_is_no_peak),
                                MEZZ_CHECKED(agrees_with_the_definition), MEZZ_CHECKED(a_giant_costs_little),
                                MEZZ_CHECKED(huge_sizes_do_not_overflow)};
    return cmocka_run_group_tests_name("bit_rate", tests, nullptr, nullptr);
}
