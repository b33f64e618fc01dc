#include "package/silence.hpp"

#include <algorithm>
#include <array>

#include "core/rescale.hpp"
#include "media/silent_aac.hpp"
#include "package/box_writer.hpp"
#include "package/fmp4.hpp"

namespace mezz::package {
namespace {

using media::fourcc;

constexpr std::int64_t kFrame = 1024;                // samples of AAC
constexpr std::uint32_t kOpusRate = kFrame * 50;     // of which as many are a frame of 20 ms
constexpr std::int64_t kShortestMs = 100;            // players take less for a gap that is none
constexpr std::int64_t kLongestMs = 10 * 60 * 1000;  // all frames of it may be in one segment

// With SBR or PS announced, too: a frame without them is one of the core alone.
bool is_low_complexity(const media::TrackRecord& track) noexcept {
    return track.kind == media::TrackKind::audio && track.codec == media::Codec::aac &&
           track.audio.aac.object_type == 2;
}

// Of one or two channels: those of more are several streams in each packet (RFC 7845 §5.1.1).
bool is_plain_opus(const media::TrackView& track) noexcept {
    constexpr std::size_t kFamily = 10;  // in dOps (Encapsulation of Opus in ISOBMFF §4.3.2)
    return track->codec == media::Codec::opus && track.config().size() > kFamily &&
           track.config()[kFamily] == std::byte{0};
}

// A packet of one CELT frame, fullband and 20 ms long, whose first bit says that it is silence (RFC 6716
// §3.1, §4.3).
constexpr std::array kSilentOpusMono{std::byte{0xF8}, std::byte{0xFF}, std::byte{0xFE}};
constexpr std::array kSilentOpusStereo{std::byte{0xFC}, std::byte{0xFF}, std::byte{0xFE}};

// Frames of 960 samples, and those of an SBR layer that is not told of, last otherwise.
bool has_usual_frames(const media::TrackRecord& track) noexcept {
    return track.default_duration == 0 ||
           track.default_duration == rescale(kFrame, track.timescale, track.audio.aac.sample_rate);
}

}  // namespace

Silence::Silence(const media::TrackView& track) noexcept {
    const bool opus = is_plain_opus(track);
    if ((!opus && !is_low_complexity(track.record())) || track.piece_count() == 0) return;
    const std::int64_t end = track.piece_time(0);
    const std::int64_t end_ms = rescale(end, 1000, track->timescale);
    if (end_ms < kShortestMs || end_ms > kLongestMs) return;
    if (!opus && !has_usual_frames(track.record())) return;
    timescale_ = track->timescale;
    rate_ = opus ? kOpusRate : track->audio.aac.sample_rate;
    end_ = end;
    count_ = static_cast<std::uint32_t>((rescale(end, rate_, timescale_) + kFrame - 1) / kFrame);
    // A file's own header may allow for no time before 0, or not even for that.
    if (track->layout != media::Layout::fragments) return;
    if (time(0) + decode_shift(track) < 0) --count_;
    if (count_ > 0 && time(0) + decode_shift(track) < 0) count_ = 0;
}

std::int64_t Silence::time(std::uint32_t i) const noexcept {
    return end_ - rescale(std::int64_t{count_ - i} * kFrame, timescale_, rate_);
}

std::uint32_t Silence::nearest(std::int64_t time) const noexcept {
    const std::int64_t samples = rescale(std::max<std::int64_t>(end_ - time, 0), rate_, timescale_);
    const std::int64_t before_end = std::min<std::int64_t>((samples + kFrame / 2) / kFrame, count_);
    return count_ - static_cast<std::uint32_t>(before_end);
}

std::vector<std::byte> silent_frame(const media::TrackView& track) {
    if (track->codec == media::Codec::opus) {
        const auto& packet = track->audio.channels == 1 ? kSilentOpusMono : kSilentOpusStereo;
        return {packet.begin(), packet.end()};
    }
    const media::SilentAac frame(track->audio.aac.channel_configuration);
    return {frame.bytes().begin(), frame.bytes().end()};
}

std::vector<media::Sample> silent_samples(const media::TrackView& track, const Silence& silence,
                                          PieceRange frames) {
    const auto size = static_cast<std::uint32_t>(silent_frame(track).size());
    std::vector<media::Sample> samples;
    samples.reserve(frames.count());
    for (std::uint32_t i = frames.first; i < frames.last; ++i) {
        const std::int64_t begin = silence.time(i);
        samples.push_back({.offset = kSilenceOffset,
                           .dts = begin,
                           .size = size,
                           .duration = static_cast<std::uint32_t>(silence.time(i + 1) - begin),
                           .composition_offset = 0,
                           .sync = true});
    }
    return samples;
}

std::vector<std::byte> silent_fragment(const media::TrackView& track, const Silence& silence,
                                       PieceRange frames, std::uint32_t n) {
    const std::vector<std::byte> frame = silent_frame(track);
    const std::vector<media::Sample> samples = silent_samples(track, silence, frames);
    const bool equal = std::ranges::all_of(
        samples, [&](const media::Sample& sample) { return sample.duration == samples[0].duration; });
    std::vector<std::byte> bytes;
    bytes.reserve(128 + samples.size() * (frame.size() + 4));
    ByteWriter out(bytes);
    std::size_t data_offset = 0;
    {
        const BoxWriter moof(out, fourcc("moof"));
        {
            const BoxWriter mfhd(out, fourcc("mfhd"));
            out.u32(0);
            out.u32(n);  // what follows it in the segment is n + 1
        }
        const BoxWriter traf(out, fourcc("traf"));
        {
            constexpr std::uint32_t kFlags = 0x20000 | 0x8 | 0x10 | 0x20;  // default-base-is-moof, defaults
            constexpr std::uint32_t kSync = 0x02000000;
            const BoxWriter tfhd(out, fourcc("tfhd"));
            out.u32(kFlags);
            out.u32(track->id);
            out.u32(samples[0].duration);
            out.u32(samples[0].size);
            out.u32(kSync);
        }
        {
            const BoxWriter tfdt(out, fourcc("tfdt"));
            out.u32(1U << 24);
            out.u64(static_cast<std::uint64_t>(samples[0].dts + decode_shift(track)));
        }
        const BoxWriter trun(out, fourcc("trun"));
        out.u32(1U << 24 | 1U | (equal ? 0U : 0x100U));
        out.u32(samples.size());
        data_offset = out.size();
        out.u32(0);
        for (const media::Sample& sample : samples)
            if (!equal) out.u32(sample.duration);
    }
    constexpr std::size_t kMdatHeader = 8;
    out.patch_u32(data_offset, static_cast<std::uint32_t>(out.size() + kMdatHeader));
    const BoxWriter mdat(out, fourcc("mdat"));
    for (std::size_t i = 0; i < samples.size(); ++i)
        out.bytes(frame);
    return bytes;
}

}  // namespace mezz::package
