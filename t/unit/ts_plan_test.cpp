#include "package/ts_plan.hpp"

#include "package/adts.hpp"
#include "package/ts_estimate.hpp"
#include "package/ts_packet.hpp"
#include "test.hpp"
#include "ts_fixture.hpp"

namespace test = mezz::test;
using mezz::ErrorCode;
using mezz::Result;
using mezz::package::ts_packets_of_video_sample;
using mezz::package::TsAudioGrouping;
using mezz::package::TsAudioTrack;
using mezz::package::TsPes;
using mezz::package::TsPlan;
using mezz::package::TsVideoTrack;
using test::FakeTrack;

namespace {

FakeTrack frames(std::size_t count, std::size_t size, std::uint32_t duration, std::uint32_t timescale) {
    FakeTrack track;
    track.timescale = timescale;
    for (std::size_t i = 0; i < count; ++i)
        track.add(test::Buffer(size), duration, 0, i % 25 == 0);
    return track;
}

TsVideoTrack video_of(const FakeTrack& track) {
    return {.timescale = track.timescale, .parameter_sets = {}, .samples = track.samples};
}

TsAudioTrack audio_of(const FakeTrack& track) {
    return {.timescale = track.timescale,
            .sampling_frequency_index = 3,
            .channel_configuration = 2,
            .samples = track.samples};
}

ErrorCode code_of(const Result<TsPlan>& plan) {
    return plan ? ErrorCode::busy : plan.error().code;
}

}  // namespace

static void refuses_what_it_cannot_pack() {
    const FakeTrack one = frames(1, 100, 3600, 90000);
    const FakeTrack big = frames(1, 8185, 1024, 48000);
    const FakeTrack largest = frames(1, 8184, 1024, 48000);
    auto video = video_of(one);
    video.nal_length_size = 2;
    const auto prefix = code_of(TsPlan::make(video, {}, 0));
    const auto none = code_of(TsPlan::make({}, {}, 0));
    auto timeless = audio_of(one);
    timeless.timescale = 0;
    const auto timescale = code_of(TsPlan::make({}, timeless, 0));
    auto he_aac = audio_of(one);
    he_aac.object_type = 5;
    const auto object_type = code_of(TsPlan::make({}, he_aac, 0));
    const auto size = TsPlan::make({}, audio_of(big), 0);
    const auto code = code_of(size);
    const auto offset = size ? 0 : size.error().offset;
    const auto fits = code_of(TsPlan::make({}, audio_of(largest), 0));
    assert_int_equal(prefix, ErrorCode::internal);
    assert_int_equal(none, ErrorCode::internal);
    assert_int_equal(timescale, ErrorCode::bad_media);
    assert_int_equal(object_type, ErrorCode::unsupported);
    assert_int_equal(code, ErrorCode::unsupported);
    assert_int_equal(offset, 3);
    assert_int_equal(fits, ErrorCode::busy);
}

static void counts_are_multiples_of_16() {
    const FakeTrack video = frames(50, 1000, 3600, 90000);
    const FakeTrack audio = frames(94, 341, 1024, 48000);
    const auto plan = TsPlan::make(video_of(video), audio_of(audio), 3);
    std::uint64_t packets[2] = {};
    if (plan)
        for (const TsPes& pes : plan->pes())
            packets[pes.source] += pes.packets;
    const std::uint64_t size = plan ? plan->size() : 0;
    // 50 pictures of (1000 + 8 + 19 + 6) / 184 = 6 packets; 11 PES of 9 or 4 frames of 348 bytes: 10 × 18
    // + 8.
    assert_int_equal(packets[0], 304);
    assert_int_equal(packets[1], 192);
    assert_int_equal(size, (2 + 304 + 192) * 188);
    static_assert(sizeof(TsPes) <= 24);
}

// Audio as long as is wished, unless that is absurd.
static void audio_takes_its_least_packets() {
    const FakeTrack audio = frames(94, 341, 1024, 48000);  // 23 PES packets of 8, one of 4
    const auto packets = [&audio](std::uint32_t least) {
        auto track = audio_of(audio);
        track.least_packets = least;
        const auto plan = TsPlan::make({}, track, 3);
        return plan ? plan->size() / 188 - 2 : 0;
    };
    assert_int_equal(packets(0), 192);
    assert_int_equal(packets(192), 192);
    assert_int_equal(packets(193), 208);
    assert_int_equal(packets(211), 224);
    assert_int_equal(packets(212), 192);
}

static void tracks_without_samples_make_tables_only() {
    const FakeTrack empty = frames(3, 0, 3600, 90000);
    const auto plan = TsPlan::make(video_of(empty), audio_of(empty), 0);
    const std::uint64_t size = plan ? plan->size() : 0;
    assert_int_equal(size, 376);
}

static void low_frame_rates_get_clock_packets() {
    const FakeTrack slow = frames(4, 1000, 1, 1);
    const FakeTrack normal = frames(20, 1000, 1, 10);
    const auto few = TsPlan::make(video_of(slow), {}, 0);
    const auto none = TsPlan::make(video_of(normal), {}, 0);
    std::uint32_t slow_packets = few ? few->tail_pcr_packets() : 0;
    std::uint32_t normal_packets = none ? none->tail_pcr_packets() : 1;
    if (few)
        for (const TsPes& pes : few->pes())
            slow_packets += pes.pcr_packets;
    if (none)
        for (const TsPes& pes : none->pes())
            normal_packets += pes.pcr_packets;
    assert_int_equal(slow_packets, 4 * 10);
    assert_int_equal(normal_packets, 0);
}

static void hostile_times_do_not_blow_up() {
    FakeTrack track = frames(4, 1000, UINT32_MAX, 1);
    track.samples[1].dts = INT64_MAX;
    track.samples[2].dts = INT64_MIN;
    track.samples[1].composition_offset = INT32_MAX;
    track.samples[2].composition_offset = INT32_MIN;
    const auto video = TsPlan::make(video_of(track), {}, 0);
    const auto both = TsPlan::make(video_of(track), audio_of(track), 0);
    const std::uint64_t small = video && both ? std::max(video->size(), both->size()) : UINT64_MAX;
    assert_true(small < 2'000'000);
}

static void estimates_are_what_the_plan_uses() {
    const test::Buffer sets(60);
    FakeTrack video;
    FakeTrack audio;
    audio.timescale = 44100;
    std::mt19937 random(3);
    for (int i = 0; i < 60; ++i)
        video.add(test::Buffer(test::below(random, 5000)), 3600, 3600, i % 30 == 0);
    for (int i = 0; i < 103; ++i)
        audio.add(test::Buffer(test::below(random, 800)), 1024);
    auto track = video_of(video);
    track.parameter_sets = sets;
    bool same = true;
    for (const bool alone : {false, true}) {
        TsAudioGrouping grouping(audio.timescale, alone, mezz::package::kAdtsHeaderSize);
        for (const auto& frame : audio.samples)
            grouping.add(frame);
        std::uint64_t packets[2] = {0, grouping.packets()};
        for (const auto& sample : video.samples)
            packets[0] += ts_packets_of_video_sample(track.codec, sample.size, sample.sync, sets.size());
        const auto plan =
            alone ? TsPlan::make({}, audio_of(audio), 0) : TsPlan::make(track, audio_of(audio), 0);
        std::uint64_t planned[2] = {};
        if (plan)
            for (const TsPes& pes : plan->pes())
                planned[pes.source] += pes.packets;
        same = same && planned[1] == (packets[1] + 15) / 16 * 16;
        same = same && planned[0] == (alone ? 0 : (packets[0] + 15) / 16 * 16);
    }
    assert_true(same);
}

int main() {
    const CMUnitTest tests[] = {
        MEZZ_TEST(refuses_what_it_cannot_pack),       MEZZ_TEST(counts_are_multiples_of_16),
        MEZZ_TEST(audio_takes_its_least_packets),     MEZZ_TEST(tracks_without_samples_make_tables_only),
        MEZZ_TEST(low_frame_rates_get_clock_packets), MEZZ_TEST(hostile_times_do_not_blow_up),
        MEZZ_TEST(estimates_are_what_the_plan_uses),
    };
    return cmocka_run_group_tests_name("ts plan", tests, nullptr, nullptr);
}
