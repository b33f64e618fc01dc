#include "package/iframes.hpp"

#include <algorithm>

#include "package/bit_rate.hpp"
#include "package/box_writer.hpp"
#include "package/segment_times.hpp"
#include "package/ts_codec.hpp"
#include "package/ts_estimate.hpp"
#include "package/ts_packet.hpp"

namespace mezz::package {
namespace {

using media::fourcc;

constexpr std::uint32_t kMoofSize = 8 + 16 + 8 + 28 + 20 + 20;
constexpr std::uint32_t kMdatHeader = 8;
constexpr std::uint32_t kHeadSize = kMoofSize + kMdatHeader;
// What a picture's file takes is not filled up beyond this: ssix may speak of more than one picture.
constexpr std::uint64_t kMostFill = 16 << 10;
constexpr std::uint32_t kPsiPackets = 2;
constexpr std::uint32_t kPacketsMultiple = 16;  // see TsPlan
// Start codes may be longer than length prefixes, of which a picture rarely has so many.
constexpr std::uint32_t kGrowth = 256;

bool in_fragments(const media::TrackView& track) noexcept {
    return track->layout == media::Layout::fragments;
}

// The playlist's time on the time line of the track's init segment: a file's own has the file's edit list,
// one that we write has none.
std::uint64_t media_time(const media::TrackView& track, std::int64_t time) noexcept {
    const std::int64_t shift = in_fragments(track) ? track->edit_shift : 0;
    return static_cast<std::uint64_t>(std::max<std::int64_t>(time - shift, 0));
}

void write_fill(ByteWriter& out, std::uint64_t bytes) {
    const BoxWriter free(out, fourcc("free"));
    out.zeros(static_cast<std::size_t>(bytes) - 8);
}

void write_moof(ByteWriter& out, const IFrameLine& line, const media::Sample& picture, std::uint32_t n) {
    const BoxWriter moof(out, fourcc("moof"));
    {
        const BoxWriter mfhd(out, fourcc("mfhd"));
        out.u32(0);
        out.u32(n + 1);
    }
    const BoxWriter traf(out, fourcc("traf"));
    {
        constexpr std::uint32_t kFlags = 0x20000 | 0x8 | 0x10 | 0x20;  // default-base-is-moof, defaults
        constexpr std::uint32_t kSync = 0x02000000;
        const BoxWriter tfhd(out, fourcc("tfhd"));
        out.u32(kFlags);
        out.u32(line.track()->id);
        out.u32(static_cast<std::uint64_t>(std::clamp<std::int64_t>(line.duration(n), 0, UINT32_MAX)));
        out.u32(picture.size);
        out.u32(kSync);
    }
    {
        const BoxWriter tfdt(out, fourcc("tfdt"));
        out.u32(1U << 24);
        out.u64(media_time(line.track(), line.start(n)));
    }
    const BoxWriter trun(out, fourcc("trun"));
    out.u32(1);
    out.u32(1);
    out.u32(kHeadSize);
}

}  // namespace

bool IFrameLine::is_complete() const {
    if (track_->kind != media::TrackKind::video || count() == 0) return false;
    const std::vector<std::int64_t> starts = starts_of(*this);
    for (std::uint32_t n = 0; n < count(); ++n)
        if (track_.key_bytes(first_ + n) == 0 || starts[n + 1] <= starts[n]) return false;
    return true;
}

PieceRange IFrameLine::piece(std::uint32_t n) const noexcept {
    if (n >= count()) return {};
    return {first_ + n, first_ + n + 1};
}

std::int64_t IFrameLine::start(std::uint32_t n) const noexcept {
    return n == 0 ? 0 : std::max<std::int64_t>(track_.piece_time(first_ + n), 0);
}

std::vector<std::int64_t> starts_of(const IFrameLine& line) {
    std::vector<std::int64_t> starts(std::size_t{line.count()} + 1);
    std::int64_t time = line.track_.piece_time(line.first_);
    for (std::uint32_t n = 1; n < line.count(); ++n) {
        time += line.track_.pieces()[line.first_ + n - 1].duration;
        starts[n] = std::max<std::int64_t>(time, 0);
    }
    if (line.count() > 0) starts.back() = line.start(line.count());
    return starts;
}

std::vector<std::int64_t> micros_of(const IFrameLine& line) {
    const std::vector<std::int64_t> starts = starts_of(line);
    std::vector<std::int64_t> micros(line.count());
    std::int64_t begin = 0;
    for (std::uint32_t n = 0; n < line.count(); ++n) {
        const std::int64_t end = to_micros(starts[n + 1], line.track()->timescale);
        micros[n] = std::max<std::int64_t>(end - begin, 0);
        begin = end;
    }
    return micros;
}

std::uint64_t IFrameLine::cmaf_size(std::uint32_t n) const noexcept {
    return std::uint64_t{track_.key_bytes(first_ + n)} + (in_fragments(track_) ? 0 : kHeadSize);
}

std::uint32_t IFrameLine::ts_packets(std::uint32_t n) const noexcept {
    const std::uint32_t growth = track_->nal_length_size == 4 ? 0 : kGrowth;
    return ts_packets_of_video_sample(ts_video_codec(track_->codec), track_.key_bytes(first_ + n) + growth,
                                      true, track_.parameter_sets().size());
}

std::uint32_t IFrameLine::least_ts_packets(std::uint32_t n, const media::Sample& picture) const noexcept {
    const std::uint64_t most = (picture.size + kMostFill) / kTsPayloadSize;
    const std::uint32_t packets = ts_packets(n);
    return packets <= most ? packets : 0;
}

std::uint64_t IFrameLine::ts_size(std::uint32_t n) const noexcept {
    const std::uint64_t packets =
        (std::uint64_t{ts_packets(n)} + kPacketsMultiple - 1) / kPacketsMultiple * kPacketsMultiple;
    return (packets + kPsiPackets) * kTsPacketSize;
}

PieceRange listed_iframes(const TrackTimeline& line, const std::optional<Clip>& clip) noexcept {
    if (!clip) return {0, IFrameLine(line).count()};
    const std::uint32_t before = line.pieces(0).first;
    return {line.pieces(clip->first).first - before, line.pieces(clip->last - 1).last - before};
}

void set_iframe_rates(const TrackTimeline& line, RenditionRecord& rendition) {
    const IFrameLine iframes(line);
    // One picture is nothing to move through, and FFmpeg warns of a stream of one.
    if (!iframes.is_complete() || iframes.count() < 2) return;
    const std::vector<std::int64_t> micros = micros_of(iframes);
    std::vector<SegmentSize> cmaf;
    std::vector<SegmentSize> ts;
    for (std::uint32_t n = 0; n < iframes.count(); ++n) {
        cmaf.push_back({iframes.cmaf_size(n), micros[n]});
        ts.push_back({iframes.ts_size(n), micros[n]});
    }
    const std::uint64_t target = target_seconds(std::ranges::max(micros)) * kMicros;
    rendition.iframes_cmaf = bit_rate(cmaf, kMicros, static_cast<std::int64_t>(target));
    if (rendition.in_ts) rendition.iframes_ts = bit_rate(ts, kMicros, static_cast<std::int64_t>(target));
}

Result<FragmentPlan> plan_iframe(const IFrameLine& line, const media::Sample& picture, std::uint32_t n) {
    if (picture.size > UINT32_MAX - kMdatHeader) return fail(ErrorCode::too_large, "picture: over 4 GiB");
    FragmentPlan plan;
    plan.head.reserve(kHeadSize);
    ByteWriter out(plan.head);
    const std::uint64_t size = std::uint64_t{kHeadSize} + picture.size;
    const std::uint64_t wanted = line.cmaf_size(n);
    if (wanted >= size + 8 && wanted - size <= kMostFill) write_fill(out, wanted - size);
    write_moof(out, line, picture, n);
    out.u32(picture.size + kMdatHeader);
    out.u32(fourcc("mdat"));
    if (picture.size > 0) plan.ranges.push_back({picture.offset, picture.size});
    plan.size = out.size() + picture.size;
    return plan;
}

}  // namespace mezz::package
