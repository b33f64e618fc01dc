#include "package/silence.hpp"

#include <algorithm>

#include "core/rescale.hpp"
#include "media/silent_frame.hpp"
#include "package/box_writer.hpp"
#include "package/fmp4.hpp"

namespace mezz::package {
namespace {

using media::fourcc;

constexpr std::int64_t kShortestMs = 100;            // players take less for a gap that is none
constexpr std::int64_t kLongestMs = 10 * 60 * 1000;  // all frames of it may be in one segment,
constexpr std::int64_t kMostBytes = 16 << 20;        // which is made in memory
constexpr std::size_t kHeadRoom = 128;

// Moof and the header of mdat. Returns the bytes that follow.
std::uint64_t write_head(ByteWriter& out, const media::TrackView& track,
                         const std::vector<media::Sample>& samples, std::uint32_t n) {
    const bool equal = std::ranges::all_of(
        samples, [&](const media::Sample& sample) { return sample.duration == samples[0].duration; });
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
    const std::uint64_t payload = std::uint64_t{samples[0].size} * samples.size();
    out.u32(kMdatHeader + payload);
    out.u32(fourcc("mdat"));
    return payload;
}

}  // namespace

Silence::Silence(const media::TrackView& track) noexcept {
    if (track.piece_count() == 0) return;
    const std::int64_t end = track.piece_time(0);
    const std::int64_t end_ms = rescale(end, 1000, track->timescale);
    if (end_ms < kShortestMs || end_ms > kLongestMs) return;
    const auto form = media::silent_form(track);
    if (!form) return;
    timescale_ = track->timescale;
    rate_ = form->rate;
    frame_ = form->samples;
    end_ = end;
    const std::int64_t count = (rescale(end, rate_, timescale_) + frame_ - 1) / frame_;
    if (count > kMostBytes / static_cast<std::int64_t>(form->most_bytes + sizeof(media::Sample))) return;
    count_ = static_cast<std::uint32_t>(count);
    // A file's own header may allow for no time before 0, or not even for that.
    if (track->layout != media::Layout::fragments) return;
    if (time(0) + decode_shift(track) < 0) --count_;
    if (count_ > 0 && time(0) + decode_shift(track) < 0) count_ = 0;
}

std::int64_t Silence::time(std::uint32_t i) const noexcept {
    return end_ - rescale(std::int64_t{count_ - i} * frame_, timescale_, rate_);
}

std::uint32_t Silence::nearest(std::int64_t time) const noexcept {
    const std::int64_t samples = rescale(std::max<std::int64_t>(end_ - time, 0), rate_, timescale_);
    const std::int64_t before_end = std::min<std::int64_t>((samples + frame_ / 2) / frame_, count_);
    return count_ - static_cast<std::uint32_t>(before_end);
}

std::vector<media::Sample> silent_samples(const media::TrackView& track, const Silence& silence,
                                          PieceRange frames) {
    const auto size = static_cast<std::uint32_t>(media::silent_frame(track).size());
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
    const std::vector<std::byte> frame = media::silent_frame(track);
    const std::vector<media::Sample> samples = silent_samples(track, silence, frames);
    std::vector<std::byte> bytes;
    bytes.reserve(kHeadRoom + samples.size() * (frame.size() + 4));
    ByteWriter out(bytes);
    write_head(out, track, samples, n);
    for (std::size_t i = 0; i < samples.size(); ++i)
        out.bytes(frame);
    return bytes;
}

std::uint64_t silent_fragment_size(const media::TrackView& track, const Silence& silence, PieceRange frames) {
    const std::vector<media::Sample> samples = silent_samples(track, silence, frames);
    std::vector<std::byte> head;
    head.reserve(kHeadRoom + samples.size() * 4);
    ByteWriter out(head);
    const std::uint64_t payload = write_head(out, track, samples, 0);
    return out.size() + payload;
}

}  // namespace mezz::package
