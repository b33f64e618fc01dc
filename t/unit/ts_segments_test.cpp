// Successive segments, and the clock through them.
#include "package/ts_muxer.hpp"

#include "test.hpp"
#include "ts_case.hpp"

namespace test = mezz::test;
using test::Case;
using test::check;
using test::require;

static void segments_continue_each_other() {
    std::string wrong;
    std::uint64_t gap = 0;
    for (int tracks = 1; tracks <= 3 && wrong.empty(); ++tracks) {
        test::TsReader reader;
        std::mt19937 random(11);
        for (std::uint64_t n = 14; n < 17 && wrong.empty(); ++n) {
            const double start = 2.0 * static_cast<double>(n - 14);
            Case c = test::usual(random, start, (tracks & 1) != 0, (tracks & 2) != 0);
            if (n == 15) c.least_audio_packets = 208;  // of about 195
            wrong = check(c, n, reader);
        }
        gap = std::max(gap, reader.longest_pcr_gap);
    }
    require(wrong);
    require(gap <= 9000, "PCR interval");
}

static void clock_wraps_after_26_hours() {
    std::mt19937 random(12);
    test::TsReader reader;
    std::string wrong;
    const double wrap = 8589934592.0 / 90000 - 10 - 3;
    for (std::uint64_t n = 0; n < 3 && wrong.empty(); ++n)
        wrong = check(test::usual(random, wrap + 2 * static_cast<double>(n), true, true), n, reader);
    require(wrong);
}

static void clock_is_dense_at_any_frame_rate() {
    std::string wrong;
    std::uint64_t gap = 0;
    unsigned packets = 0;
    std::mt19937 random(13);
    for (const std::uint32_t duration : {1U, 11U, 100U, 101U, 350U, 1000U, 5000U}) {
        test::TsReader reader;
        for (std::uint64_t n = 0; n < 3 && wrong.empty(); ++n) {
            Case c = test::usual(random, 5.0 * static_cast<double>(n), false, n != 1 || duration != 5000);
            c.video.emplace().timescale = 1000;
            c.video->next_dts = static_cast<std::int64_t>(n) * 5000;
            while (c.video->next_dts < static_cast<std::int64_t>(n + 1) * 5000)
                c.video->add(test::picture(random, 400), duration, 0, true);
            if (c.video->next_dts > static_cast<std::int64_t>(n + 1) * 5000)
                c.video->samples.back().duration =
                    duration -
                    static_cast<std::uint32_t>(c.video->next_dts - static_cast<std::int64_t>(n + 1) * 5000);
            wrong = check(c, n, reader);
            packets += reader.pcr_packets;
        }
        gap = std::max(gap, reader.longest_pcr_gap);
    }
    require(wrong);
    require(gap <= 9000, "PCR interval");
    require(packets > 300, "PCR packets");
}

static void audio_may_begin_or_end_alone() {
    std::mt19937 random(14);
    Case late = test::usual(random, 0, true, true);
    for (auto& sample : late.video->samples)
        sample.dts += 12800;
    Case never = test::usual(random, 0, true, true);
    never.video->samples.clear();
    test::TsReader first;
    test::TsReader second;
    const auto wrong = check(late, 0, first) + check(never, 0, second);
    const auto gap = std::max(first.longest_pcr_gap, second.longest_pcr_gap);
    const bool clocked = second.pcr_packets > 15 && first.pes[0].last_pcr != 0;
    require(wrong);
    require(gap <= 9000, "PCR interval");
    require(clocked, "clock without pictures");
}

int main() {
    const CMUnitTest tests[] = {
        MEZZ_TEST(segments_continue_each_other),
        MEZZ_TEST(clock_wraps_after_26_hours),
        MEZZ_TEST(clock_is_dense_at_any_frame_rate),
        MEZZ_TEST(audio_may_begin_or_end_alone),
    };
    return cmocka_run_group_tests_name("ts segments", tests, nullptr, nullptr);
}
