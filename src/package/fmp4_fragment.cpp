#include <algorithm>
#include <cmath>

#include "package/box_writer.hpp"
#include "package/fmp4.hpp"

namespace mezz::package {
namespace {

using media::fourcc;
using media::Sample;

constexpr std::uint32_t kSyncFlags = 0x02000000;     // depends on no other sample
constexpr std::uint32_t kNonSyncFlags = 0x01010000;  // depends on others, not a sync sample

// Bytes of moof without its samples, and of the header of mdat.
constexpr std::uint64_t kHeadBoxes = 8 + 16 + 8 + 24 + 20 + 20 + 8;

// Which per-sample fields the run needs; the rest comes from defaults (ISO/IEC 14496-12 §8.8.7, §8.8.8).
struct RunShape {
    std::uint32_t duration = 0;  // of each sample, if equal
    bool durations = false;
    bool flags = false;
    bool composition_offsets = false;
    bool first_is_sync = false;
};

// Times of a sample as the run says them.
struct RunTime {
    std::uint32_t duration = 0;
    std::int32_t composition_offset = 0;
};

// Decode times count from the track's first sample, so that none is negative. Video is moved back to
// presentation time by its composition offsets, audio by the edit list of the header.
std::int64_t offset_correction(const media::TrackView& track) noexcept {
    return track->kind == media::TrackKind::video ? track->priming : 0;
}

// A run has no gaps: a sample lasts until the next one's decode time, and where decode times overlap, the
// composition offsets keep the presentation times.
Result<std::vector<RunTime>> time_run(const media::TrackView& track, std::span<const Sample> samples) {
    std::vector<RunTime> times;
    times.reserve(samples.size());
    std::int64_t now = samples.front().dts;
    for (std::size_t i = 0; i < samples.size(); ++i) {
        const Sample& sample = samples[i];
        const std::int64_t offset = sample.dts - now + sample.composition_offset - offset_correction(track);
        if (offset < INT32_MIN || offset > INT32_MAX)
            return fail(ErrorCode::unsupported, "elst: media time is too far into the track");
        std::int64_t duration = sample.duration;
        if (i + 1 < samples.size())
            duration = std::clamp<std::int64_t>(samples[i + 1].dts - now, 0, UINT32_MAX);
        times.push_back({static_cast<std::uint32_t>(duration), static_cast<std::int32_t>(offset)});
        now += duration;
    }
    return times;
}

RunShape shape_of(std::span<const RunTime> times, std::span<const Sample> samples) {
    RunShape shape;
    shape.duration = times.front().duration;
    shape.first_is_sync = samples.front().sync;
    const bool rest_is_sync = samples.size() > 1 && samples[1].sync;
    for (std::size_t i = 0; i < samples.size(); ++i) {
        shape.durations = shape.durations || times[i].duration != shape.duration;
        shape.composition_offsets = shape.composition_offsets || times[i].composition_offset != 0;
        shape.flags = shape.flags || (i > 0 && samples[i].sync != rest_is_sync);
    }
    return shape;
}

void write_track_fragment_header(ByteWriter& out, const media::TrackView& track, const RunShape& shape,
                                 bool default_sync) {
    const BoxWriter tfhd(out, fourcc("tfhd"));
    constexpr std::uint32_t kDefaultBaseIsMoof = 0x20000;
    out.u32(kDefaultBaseIsMoof | 0x20 | (shape.durations ? 0U : 0x8U));
    out.u32(track->id);
    if (!shape.durations) out.u32(shape.duration);
    out.u32(default_sync ? kSyncFlags : kNonSyncFlags);
}

std::size_t write_run(ByteWriter& out, std::span<const RunTime> times, std::span<const Sample> samples,
                      const RunShape& shape) {
    const BoxWriter trun(out, fourcc("trun"));
    const bool first_flags = !shape.flags && samples.size() > 1 && samples[0].sync != samples[1].sync;
    out.u32(1U << 24 | 0x201U | (first_flags ? 0x4U : 0U) | (shape.durations ? 0x100U : 0U) |
            (shape.flags ? 0x400U : 0U) | (shape.composition_offsets ? 0x800U : 0U));
    out.u32(samples.size());
    const std::size_t data_offset = out.size();
    out.u32(0);
    if (first_flags) out.u32(shape.first_is_sync ? kSyncFlags : kNonSyncFlags);
    const unsigned fields =
        1U + (shape.durations ? 1U : 0U) + (shape.flags ? 1U : 0U) + (shape.composition_offsets ? 1U : 0U);
    std::byte* to = out.grow(samples.size() * fields * 4);
    const auto put = [&to](std::uint32_t value) {
        store_u32(to, value);
        to += 4;
    };
    for (std::size_t i = 0; i < samples.size(); ++i) {
        if (shape.durations) put(times[i].duration);
        put(samples[i].size);
        if (shape.flags) put(samples[i].sync ? kSyncFlags : kNonSyncFlags);
        if (shape.composition_offsets) put(static_cast<std::uint32_t>(times[i].composition_offset));
    }
    return data_offset;
}

std::vector<ByteRange> join(std::span<const Sample> samples) {
    std::vector<ByteRange> ranges;
    ranges.reserve(samples.size());
    for (const Sample& sample : samples) {
        if (sample.size == 0) continue;
        if (!ranges.empty() && ranges.back().end() == sample.offset)
            ranges.back().length += sample.size;
        else
            ranges.push_back({sample.offset, sample.size});
    }
    return ranges;
}

// Returns where the run's data offset stands.
std::size_t write_moof(ByteWriter& out, const media::TrackView& track, std::span<const RunTime> times,
                       std::span<const Sample> samples, std::uint32_t n) {
    const RunShape shape = shape_of(times, samples);
    const BoxWriter moof(out, fourcc("moof"));
    {
        const BoxWriter mfhd(out, fourcc("mfhd"));
        out.u32(0);
        out.u32(n + 1);
    }
    const BoxWriter traf(out, fourcc("traf"));
    write_track_fragment_header(out, track, shape, samples.size() > 1 ? samples[1].sync : samples[0].sync);
    {
        const BoxWriter tfdt(out, fourcc("tfdt"));
        out.u32(1U << 24);
        out.u64(
            static_cast<std::uint64_t>(std::max<std::int64_t>(samples.front().dts + decode_shift(track), 0)));
    }
    return write_run(out, times, samples, shape);
}

}  // namespace

std::int64_t decode_shift(const media::TrackView& track) noexcept {
    if (track->layout == media::Layout::fragments) return -track->edit_shift;
    const Silence silence(track);
    return track->priming + (silence.count() == 0 ? 0 : std::max<std::int64_t>(-silence.time(0), 0));
}

Result<FragmentPlan> plan_fragment(const media::TrackView& track, std::span<const Sample> samples,
                                   std::uint32_t n) {
    FragmentPlan plan;
    std::uint64_t payload = 0;
    for (const Sample& sample : samples)
        payload += sample.size;
    constexpr std::uint64_t kHeadRoom = 1 << 20;
    if (payload > UINT32_MAX - kHeadRoom) return fail(ErrorCode::too_large, "segment: over 4 GiB");
    const auto times = time_run(track, samples);
    if (!times) return std::unexpected(times.error());
    plan.head.reserve(kHeadBoxes + 8 + samples.size() * 16);
    ByteWriter out(plan.head);
    const std::size_t data_offset = write_moof(out, track, *times, samples, n);
    constexpr std::size_t kMdatHeader = 8;
    out.patch_u32(data_offset, static_cast<std::uint32_t>(out.size() + kMdatHeader));
    out.u32(payload + kMdatHeader);
    out.u32(fourcc("mdat"));
    plan.ranges = join(samples);
    plan.size = out.size() + payload;
    return plan;
}

std::uint64_t sample_count(const media::TrackView& track, PieceRange pieces) noexcept {
    if (pieces.empty()) return 0;
    if (track->layout != media::Layout::fragments)
        return track.samples_before(pieces.last) - track.samples_before(pieces.first);
    const std::int64_t whole = track->end - track.piece_time(0);
    const std::int64_t part = track.piece_time(pieces.last) - track.piece_time(pieces.first);
    if (whole <= 0) return 0;
    return static_cast<std::uint64_t>(std::llround(static_cast<double>(track->sample_count) *
                                                   static_cast<double>(part) / static_cast<double>(whole)));
}

std::uint64_t fragment_head_size(const media::TrackView& track, PieceRange pieces) noexcept {
    const bool video = track->kind == media::TrackKind::video;
    const bool flags = video && pieces.last - pieces.first > 1;  // a sync sample that is not the first
    const bool durations = track.is_uneven(pieces.first, pieces.last);
    const std::uint64_t entry =
        4U + (durations ? 4U : 0U) + (track->has_offsets ? 4U : 0U) + (flags ? 4U : 0U);
    return kHeadBoxes - (durations ? 4U : 0U) + (video && !flags ? 4U : 0U) +
           sample_count(track, pieces) * entry;
}

}  // namespace mezz::package
