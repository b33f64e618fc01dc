// Segments made of made-up tracks, and the checks that a transport stream reader's user would make.
#pragma once

#include <algorithm>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "core/rescale.hpp"
#include "package/adts.hpp"
#include "package/ts_muxer.hpp"
#include "ts_fixture.hpp"
#include "ts_reader.hpp"

namespace mezz::test {

using package::adts_header;
using package::kTsAudioPid;
using package::kTsVideoPid;
using package::TsAudioTrack;
using package::TsPlan;
using package::TsVideoTrack;

inline constexpr std::uint64_t kBase = 900000;
inline constexpr std::uint64_t kMask = (std::uint64_t{1} << 33) - 1;

struct Case {
    std::optional<FakeTrack> video;
    std::optional<FakeTrack> audio;
    std::uint32_t least_audio_packets = 0;
    Codec codec = Codec::h264;
    Buffer sets = bytes({0, 0, 0, 1, 0x67, 1, 2, 3, 0, 0, 0, 1, 0x68, 4, 5});

    [[nodiscard]] Result<TsPlan> plan(std::uint64_t number) const {
        std::optional<TsVideoTrack> v;
        std::optional<TsAudioTrack> a;
        if (video)
            v = {.codec = codec,
                 .timescale = video->timescale,
                 .parameter_sets = sets,
                 .samples = video->samples};
        if (audio)
            a = {.timescale = audio->timescale,
                 .sampling_frequency_index = 3,
                 .channel_configuration = 2,
                 .samples = audio->samples,
                 .least_packets = least_audio_packets};
        return TsPlan::make(v, a, number);
    }

    [[nodiscard]] const FakeTrack* video_track() const { return video ? &*video : nullptr; }
    [[nodiscard]] const FakeTrack* audio_track() const { return audio ? &*audio : nullptr; }
};

inline std::uint64_t time_of(std::int64_t ticks, std::uint32_t timescale) {
    return (kBase + static_cast<std::uint64_t>(rescale(ticks, 90000, timescale))) & kMask;
}

/// Zeros may follow an access unit only where it is smaller than the packets it must fill.
inline bool begins_with(const Buffer& payload, const Buffer& expected) {
    if (payload.size() < expected.size() || !std::equal(expected.begin(), expected.end(), payload.begin()))
        return false;
    if (payload.size() > expected.size() && payload.size() > 32) return false;
    return std::all_of(payload.begin() + static_cast<std::ptrdiff_t>(expected.size()), payload.end(),
                       [](std::byte b) { return b == std::byte{0}; });
}

inline std::string check_pictures(const Case& c, const std::vector<ReadPes>& all) {
    std::size_t at = 0;
    for (const auto& sample : c.video->samples) {
        if (sample.size == 0) continue;
        while (at < all.size() && all[at].pid != kTsVideoPid)
            ++at;
        if (at == all.size()) return "a picture is missing";
        const ReadPes& pes = all[at++];
        const auto expected = expected_picture(c.video->bytes_of(sample), c.codec, c.sets, sample.sync);
        if (!begins_with(pes.payload, expected)) return "a picture's bytes";
        if (pes.random_access != sample.sync) return "random_access_indicator";
        if (pes.dts != time_of(sample.dts, c.video->timescale)) return "DTS";
        if (pes.pts != time_of(sample.dts + sample.composition_offset, c.video->timescale)) return "PTS";
    }
    while (at < all.size() && all[at].pid != kTsVideoPid)
        ++at;
    return at == all.size() ? "" : "a picture too many";
}

inline std::string check_frames(const Case& c, const std::vector<ReadPes>& all) {
    std::size_t frame = 0;
    const auto& samples = c.audio->samples;
    for (const ReadPes& pes : all) {
        if (pes.pid != kTsAudioPid) continue;
        if (pes.random_access == c.video.has_value()) return "random_access_indicator of audio";
        ByteReader in(pes.payload);
        while (in.remaining() > 0) {
            while (frame < samples.size() && samples[frame].size == 0)
                ++frame;
            if (frame == samples.size()) return "an audio frame too many";
            const auto& sample = samples[frame++];
            if (in.remaining() == pes.payload.size() && pes.pts != time_of(sample.dts, c.audio->timescale))
                return "PTS of audio";
            const Bytes head = in.take(7);
            if (!in.ok()) return "an ADTS header is cut";
            ByteReader bits(head.subspan(3));
            const std::size_t length = bits.u32() >> 13 & 0x1FFF;
            const auto expected =
                adts_header({2, 3, 2}, static_cast<std::uint32_t>(std::max<std::size_t>(length, 7) - 7));
            if (!std::equal(head.begin(), head.end(), expected.begin())) return "ADTS header";
            const Bytes body = in.take(length - 7);
            const Bytes bytes = c.audio->bytes_of(sample);
            if (!begins_with(Buffer(body.begin(), body.end()), Buffer(bytes.begin(), bytes.end())))
                return "an audio frame's bytes";
        }
    }
    while (frame < samples.size() && samples[frame].size == 0)
        ++frame;
    return frame == samples.size() ? "" : "an audio frame is missing";
}

/// Plans, muxes and reads a segment; "" if all is right.
inline std::string check(const Case& c, std::uint64_t number, TsReader& reader) {
    const auto plan = c.plan(number);
    if (!plan) return plan.error().text;
    const auto muxed = mux(*plan, c.video_track(), c.audio_track());
    if (!muxed.finished || muxed.bytes.size() != plan->size()) return "size";
    if (!reader.read(muxed.bytes)) return reader.error();
    if (std::to_integer<unsigned>(muxed.bytes[3]) != (0x10 | (number & 15))) return "counter of the PAT";
    if (c.video)
        if (auto wrong = check_pictures(c, reader.pes); !wrong.empty()) return wrong;
    if (c.audio)
        if (auto wrong = check_frames(c, reader.pes); !wrong.empty()) return wrong;
    return "";
}

inline std::string check(const Case& c) {
    TsReader reader;
    return check(c, 0, reader);
}

/// Two seconds from `start` with B pictures: 25 pictures/s and 48 kHz AAC.
inline Case usual(std::mt19937& random, double start, bool video, bool audio) {
    Case c;
    if (video) {
        c.video.emplace().timescale = 12800;
        c.video->next_dts = static_cast<std::int64_t>(start * 12800) - 1024;
        for (int i = 0; i < 50; ++i)
            c.video->add(picture(random, i == 0 ? 30000 : 20 + below(random, 3000)), 512,
                         i % 4 == 0 ? 1024 : 512 * (i % 3), i % 25 == 0);
    }
    if (audio) {
        c.audio.emplace().timescale = 48000;
        c.audio->next_dts = static_cast<std::int64_t>(start * 48000) / 1024 * 1024;
        while (c.audio->next_dts < static_cast<std::int64_t>((start + 2) * 48000))
            c.audio->add(random_bytes(random, 100 + below(random, 500)), 1024);
    }
    return c;
}

/// Fails the test by an exception, so that nothing leaks.
inline void require(const std::string& wrong) {
    if (!wrong.empty()) throw std::runtime_error(wrong);
}

inline void require(bool right, const char* what) {
    if (!right) throw std::runtime_error(what);
}

}  // namespace mezz::test
