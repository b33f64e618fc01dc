#include "package/bit_rate.hpp"

#include <algorithm>
#include <vector>

#include "core/rescale.hpp"
#include "package/fmp4.hpp"
#include "package/ts_estimate.hpp"

namespace mezz::package {
namespace {

constexpr std::uint64_t kTsPacket = 188;
constexpr std::uint64_t kTsPayload = 184;
constexpr std::uint64_t kPsiPackets = 2;        // PAT and PMT
constexpr std::uint64_t kPacketsMultiple = 16;  // see TsPlan
constexpr std::uint64_t kAdtsHeader = 7;
constexpr std::uint64_t kVideoSampleOverhead =
    8 + 19 + 6;  // clock reference, PES header, access unit delimiter

std::uint64_t bits_per_second(std::uint64_t bytes, std::int64_t ticks, std::uint32_t timescale) noexcept {
    if (ticks <= 0) return 0;
    return static_cast<std::uint64_t>(
        static_cast<double>(bytes) * 8 * timescale / static_cast<double>(ticks) + 0.5);
}

std::uint64_t bytes_of(const media::TrackView& track, PieceRange pieces) noexcept {
    return track.bytes_before(pieces.last) - track.bytes_before(pieces.first);
}

std::uint64_t round_up(std::uint64_t value, std::uint64_t multiple) noexcept {
    return (value + multiple - 1) / multiple * multiple;
}

std::uint64_t counted_packets(const media::TrackView& track, PieceRange pieces) noexcept {
    std::uint64_t packets = 0;
    for (const media::Piece& piece : track.pieces().subspan(pieces.first, pieces.last - pieces.first))
        packets += piece.extra;
    return packets;
}

// Clock references on their own, where pictures are over 100 ms apart.
std::uint64_t clock_packets(const media::TrackView& track, PieceRange pieces) noexcept {
    const std::uint64_t frames = sample_count(track, pieces);
    const std::int64_t ticks = track.piece_time(pieces.last) - track.piece_time(pieces.first);
    const auto wanted =
        static_cast<std::uint64_t>(std::max<std::int64_t>(rescale(ticks, 10, track->timescale), 0));
    return wanted > frames ? wanted - frames : 0;
}

// Exact from the index where it counted packets; else each picture leaves half a packet unused on average.
std::uint64_t video_packets(const media::TrackView& track, PieceRange pieces) {
    std::uint64_t packets = 0;
    if (track->layout != media::Layout::fragments) {
        packets = counted_packets(track, pieces);
    } else {
        const std::uint64_t frames = sample_count(track, pieces);
        const std::uint64_t overhead = frames * (kVideoSampleOverhead + kTsPayload / 2) +
                                       (pieces.last - pieces.first) * track.parameter_sets().size();
        const std::uint64_t moof = fragment_head_size(track, frames, pieces.last - pieces.first);
        const std::uint64_t bytes = bytes_of(track, pieces);
        packets = (bytes - std::min(bytes, moof) + overhead) / kTsPayload;
    }
    return round_up(packets, kPacketsMultiple) + clock_packets(track, pieces);
}

// Exact beside video, from the index; else all PES packets of a track are taken as equally full.
std::uint64_t audio_packets(const media::TrackView& track, PieceRange pieces, bool alone) {
    if (!alone && track->layout != media::Layout::fragments)
        return round_up(counted_packets(track, pieces), kPacketsMultiple);
    const std::uint64_t frames = sample_count(track, pieces);
    if (frames == 0) return 0;
    std::uint64_t bytes = bytes_of(track, pieces);
    if (track->layout == media::Layout::fragments)
        bytes -= std::min(bytes, fragment_head_size(track, frames, pieces.last - pieces.first));
    const std::uint32_t frame_ms =
        std::max<std::uint32_t>(1, 1024 * 1000 / std::max(1U, track->aac.sample_rate));
    const std::uint64_t frames_a_pes = std::max<std::uint64_t>(1, (alone ? 100U : 200U) / frame_ms);
    const std::uint64_t pes = (frames + frames_a_pes - 1) / frames_a_pes;
    const auto pes_bytes = static_cast<std::uint32_t>((bytes + frames * kAdtsHeader) / pes);
    const std::uint64_t packets = pes * ts_packets_of_audio_pes(pes_bytes, alone);
    return round_up(packets, kPacketsMultiple);
}

struct Window {
    std::uint64_t bytes = 0;
    std::int64_t ticks = 0;
};

}  // namespace

BitRate bit_rate(std::span<const SegmentSize> segments, std::uint32_t timescale) {
    std::int64_t target = 0;
    Window all;
    for (const SegmentSize& segment : segments) {
        target = std::max(target, segment.duration);
        all.bytes += segment.bytes;
        all.ticks += segment.duration;
    }
    BitRate rate{.peak = 0, .average = bits_per_second(all.bytes, all.ticks, timescale)};
    for (std::size_t i = 0; i < segments.size(); ++i) {
        Window run;
        for (std::size_t k = i; k < segments.size() && run.ticks * 2 <= target * 3; ++k) {
            run.bytes += segments[k].bytes;
            run.ticks += segments[k].duration;
            if (run.ticks * 2 >= target && run.ticks * 2 <= target * 3)
                rate.peak = std::max(rate.peak, bits_per_second(run.bytes, run.ticks, timescale));
        }
    }
    rate.peak = std::max(rate.peak, rate.average);
    return rate;
}

std::uint64_t sample_count(const media::TrackView& track, PieceRange pieces) {
    if (pieces.empty()) return 0;
    if (track->layout != media::Layout::fragments)
        return track.samples_before(pieces.last) - track.samples_before(pieces.first);
    const std::int64_t whole = track->end - track.piece_time(0);
    const std::int64_t part = track.piece_time(pieces.last) - track.piece_time(pieces.first);
    if (whole <= 0) return 0;
    return static_cast<std::uint64_t>(static_cast<double>(track->sample_count) * static_cast<double>(part) /
                                          static_cast<double>(whole) +
                                      0.5);
}

BitRate cmaf_bit_rate(const TrackTimeline& line) {
    const media::TrackView& track = line.track();
    std::vector<SegmentSize> sizes;
    sizes.reserve(line.segment_count());
    for (std::uint32_t n = 0; n < line.segment_count(); ++n) {
        const PieceRange pieces = line.pieces(n);
        if (pieces.empty()) continue;
        const bool generated = track->layout != media::Layout::fragments;
        const std::uint64_t head =
            generated ? fragment_head_size(track, sample_count(track, pieces), pieces.last - pieces.first)
                      : 0;
        sizes.push_back({bytes_of(track, pieces) + head, line.start(n + 1) - line.start(n)});
    }
    return bit_rate(sizes, track->timescale);
}

BitRate ts_bit_rate(const std::optional<TrackTimeline>& video, const std::optional<TrackTimeline>& audio) {
    const TrackTimeline& clock = video ? *video : *audio;
    std::vector<SegmentSize> sizes;
    sizes.reserve(clock.segment_count());
    for (std::uint32_t n = 0; n < clock.segment_count(); ++n) {
        std::uint64_t packets = kPsiPackets;
        if (clock.pieces(n).empty()) continue;
        if (video) packets += video_packets(video->track(), video->pieces(n));
        if (audio && !audio->pieces(n).empty())
            packets += audio_packets(audio->track(), audio->pieces(n), !video.has_value());
        sizes.push_back({packets * kTsPacket, clock.start(n + 1) - clock.start(n)});
    }
    return bit_rate(sizes, clock.track()->timescale);
}

void TsPieceCost::begin(const media::MovieTrack& track) {
    track_ = &track;
    video_packets_ = 0;
    if (track.kind == media::TrackKind::audio) audio_.emplace(track.timescale, false);
}

void TsPieceCost::add(const media::Sample& sample) {
    if (track_->kind == media::TrackKind::audio) {
        audio_->add(sample);
        return;
    }
    video_packets_ += ts_packets_of_video_sample(TsVideoTrack::Codec::h264, sample.size, sample.sync,
                                                 track_->avc.parameter_sets.size());
}

std::uint32_t TsPieceCost::total() const {
    if (track_->kind == media::TrackKind::audio) return static_cast<std::uint32_t>(audio_->packets());
    return video_packets_;
}

}  // namespace mezz::package
