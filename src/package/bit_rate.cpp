#include "package/bit_rate.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include "core/rescale.hpp"
#include "package/fmp4.hpp"
#include "package/segment_times.hpp"
#include "package/ts_codec.hpp"
#include "package/ts_estimate.hpp"
#include "package/ts_time.hpp"

namespace mezz::package {
namespace {

constexpr std::uint64_t kTsPacket = 188;
constexpr std::uint64_t kTsPayload = 184;
constexpr std::uint64_t kPsiPackets = 2;        // PAT and PMT
constexpr std::uint64_t kPacketsMultiple = 16;  // see TsPlan
constexpr std::uint64_t kAudioMargin = 64;      // estimates of audio get one packet more of so many
constexpr std::size_t kLongestRun = 64;         // segments; one giant among many must not cost n² steps

std::uint64_t bits_per_second(std::uint64_t bytes, std::int64_t ticks, std::uint32_t timescale) noexcept {
    if (ticks <= 0) return 0;
    constexpr double kMost = 1ULL << 53;
    const double rate = static_cast<double>(bytes) * 8 * timescale / static_cast<double>(ticks) + 0.5;
    return static_cast<std::uint64_t>(std::min(rate, kMost));
}

std::uint64_t bytes_of(const media::TrackView& track, PieceRange pieces) noexcept {
    std::uint64_t bytes = 0;
    for (const media::Piece& piece : track.pieces().subspan(pieces.first, pieces.last - pieces.first))
        bytes += piece.bytes;
    return bytes;
}

std::uint64_t round_up(std::uint64_t value, std::uint64_t multiple) noexcept {
    return (value + multiple - 1) / multiple * multiple;
}

// Packets of both kinds: from the index where it counted them; else as many for a byte and for a sample as
// in the first fragment.
struct Packets {
    std::uint64_t main = 0;
    std::uint64_t side = 0;
};

Packets counted_packets(const media::TrackView& track, PieceRange pieces) noexcept {
    Packets packets;
    for (const media::Piece& piece : track.pieces().subspan(pieces.first, pieces.last - pieces.first)) {
        packets.main += piece.extra;
        packets.side += piece.side;
    }
    return packets;
}

Packets estimated_packets(const media::TrackView& track, PieceRange pieces) noexcept {
    const media::FirstFragment& first = track->first_fragment;
    if (first.samples == 0) return {};
    const auto bytes =
        static_cast<double>(bytes_of(track, pieces)) - static_cast<double>(fragment_head_size(track, pieces));
    const auto samples = static_cast<double>(sample_count(track, pieces));
    const auto estimate = [&](std::uint32_t cost) {
        const double overhead = (static_cast<double>(cost) * kTsPayload - first.bytes) / first.samples;
        return static_cast<std::uint64_t>(
            std::llround(std::max(0.0, (bytes + samples * overhead) / kTsPayload)));
    };
    const auto with_margin = [](std::uint64_t packets) { return packets + packets / kAudioMargin; };
    if (track->kind == media::TrackKind::audio)
        return {with_margin(estimate(first.cost)), with_margin(estimate(first.side))};
    return {estimate(first.cost), static_cast<std::uint64_t>(samples * first.side / first.samples)};
}

Packets packets_of(const media::TrackView& track, PieceRange pieces) noexcept {
    return track->layout == media::Layout::fragments ? estimated_packets(track, pieces)
                                                     : counted_packets(track, pieces);
}

std::uint64_t video_packets(const media::TrackView& track, PieceRange pieces) noexcept {
    const Packets packets = packets_of(track, pieces);
    return round_up(packets.main, kPacketsMultiple) + packets.side;
}

std::uint64_t silent_packets(const TrackTimeline& line, PieceRange frames, bool alone) {
    const media::TrackView& track = line.track();
    const TsCodec* const carried = ts_codec(track->codec);
    if (frames.empty() || carried == nullptr) return 0;
    TsAudioGrouping grouping(track->timescale, alone, carried->frame_header);
    bool after_priming = false;
    for (const media::Sample& frame : silent_samples(track, line.silence(), frames)) {
        if (after_priming && !alone)
            grouping.begin(frame);
        else
            grouping.add(frame);
        after_priming = is_priming(frame, track->codec);
    }
    return grouping.packets();
}

// What a plan fills up to a multiple.
std::uint64_t audio_packets(const TrackTimeline& line, PieceRange frames, PieceRange pieces, bool alone) {
    Packets packets;
    if (!pieces.empty()) packets = packets_of(line.track(), pieces);
    return (alone ? packets.side : packets.main) + silent_packets(line, frames, alone);
}

// Clock references on their own, where sound begins before the first picture.
std::uint64_t leading_clocks(const TrackTimeline& video, std::uint32_t picture, const TrackTimeline& audio,
                             std::uint32_t frame) noexcept {
    const auto time = [](const TrackTimeline& line, std::uint32_t piece) {
        return ts_time(line.track().piece_time(piece), line.track()->timescale);
    };
    const std::int64_t lead = time(video, picture) - time(audio, frame);
    if (lead <= kTsPcrInterval) return 0;
    return 1 + static_cast<std::uint64_t>((lead - kTsPcrInterval + kTsPcrStep - 1) / kTsPcrStep);
}

struct Window {
    std::uint64_t bytes = 0;
    std::int64_t ticks = 0;
};

// Of segments that last so many microseconds, in a playlist whose longest one lasts `longest`.
BitRate announced(std::span<const SegmentSize> segments, std::int64_t longest) {
    return bit_rate(segments, kMicros, static_cast<std::int64_t>(target_seconds(longest)) * kMicros);
}

}  // namespace

BitRate bit_rate(std::span<const SegmentSize> segments, std::uint32_t timescale, std::int64_t target) {
    Window all;
    for (const SegmentSize& segment : segments) {
        all.bytes += segment.bytes;
        all.ticks += segment.duration;
    }
    BitRate rate{.peak = 0, .average = bits_per_second(all.bytes, all.ticks, timescale)};
    for (std::size_t i = 0; i < segments.size(); ++i) {
        Window run;
        const std::size_t end = std::min(segments.size(), i + kLongestRun);
        for (std::size_t k = i; k < end && run.ticks * 2 <= target * 3; ++k) {
            run.bytes += segments[k].bytes;
            run.ticks += segments[k].duration;
            if (run.ticks * 2 >= target && run.ticks * 2 <= target * 3)
                rate.peak = std::max(rate.peak, bits_per_second(run.bytes, run.ticks, timescale));
        }
    }
    rate.peak = std::max(rate.peak, rate.average);
    return rate;
}

BitRate cmaf_bit_rate(const TrackTimeline& line, const SegmentTimes& times, std::int64_t longest) {
    const media::TrackView& track = line.track();
    const SegmentStarts& starts = times.starts();
    std::vector<SegmentSize> sizes;
    sizes.reserve(starts.count());
    for (std::uint32_t n = 0; n < starts.count(); ++n) {
        if (starts.empty(n)) continue;
        const PieceRange pieces = starts.pieces(n);
        const PieceRange silent = starts.silent_frames(n);
        const bool generated = track->layout != media::Layout::fragments;
        std::uint64_t bytes = 0;
        if (!silent.empty()) bytes += silent_fragment_size(track, line.silence(), silent);
        if (!pieces.empty()) bytes += bytes_of(track, pieces);
        if (!pieces.empty() && generated) bytes += fragment_head_size(track, pieces);
        sizes.push_back({bytes, times.duration(n)});
    }
    return announced(sizes, std::max(longest, times.longest()));
}

// A peak must not be exceeded: estimates get 1 % more, and those of pictures what they may be off by where a
// plan fills them up.
BitRate ts_bit_rate(const std::optional<TrackTimeline>& video, const std::optional<TrackTimeline>& audio,
                    std::int64_t longest, std::int64_t muxed_end) {
    const SegmentTimes times(video ? *video : *audio, muxed_end);
    const SegmentStarts& clock = times.starts();
    const std::optional<SegmentStarts> beside =
        video && audio ? std::optional<SegmentStarts>(*audio) : std::nullopt;
    std::vector<SegmentSize> sizes;
    sizes.reserve(clock.count());
    for (std::uint32_t n = 0; n < clock.count(); ++n) {
        std::uint64_t packets = kPsiPackets;
        if (clock.empty(n)) continue;
        PieceRange sound = !video ? clock.pieces(n) : beside ? beside->pieces(n) : PieceRange();
        PieceRange silent = !video   ? clock.silent_frames(n)
                            : beside ? beside->silent_frames(n)
                                     : PieceRange();
        if (beside && clock.pieces(n).last == video->track().piece_count()) {
            sound.last = audio->track().piece_count();
            silent.last = audio->silence().count();
        }
        if (video) packets += video_packets(video->track(), clock.pieces(n));
        if (beside && sizes.empty() && !sound.empty() && silent.empty())
            packets += leading_clocks(*video, clock.pieces(n).first, *audio, sound.first);
        if (audio)
            packets += round_up(audio_packets(*audio, silent, sound, !video.has_value()), kPacketsMultiple);
        sizes.push_back({packets * kTsPacket, times.duration(n)});
    }
    const std::int64_t target = std::max(longest, times.longest());
    BitRate rate = announced(sizes, target);
    const auto estimated = [](const std::optional<TrackTimeline>& line) {
        return line && line->track()->layout == media::Layout::fragments;
    };
    if (estimated(video)) {
        for (SegmentSize& size : sizes)
            size.bytes += kPacketsMultiple * kTsPacket;
        rate.peak = announced(sizes, target).peak;
    }
    if (estimated(video) || estimated(audio)) rate.peak += rate.peak / 100;
    return rate;
}

std::uint32_t least_audio_packets(const TrackTimeline& line, PieceRange silent, PieceRange pieces,
                                  bool alone) {
    if (line.track()->layout != media::Layout::fragments) return 0;
    const std::uint64_t packets = audio_packets(line, silent, pieces, alone);
    return static_cast<std::uint32_t>(std::min<std::uint64_t>(packets, UINT32_MAX));
}

void TsPieceCost::begin(const media::MovieTrack& track) {
    track_ = &track;
    video_ = {};
    after_priming_ = false;
    if (track.kind != media::TrackKind::audio) return;
    const TsCodec* carried = ts_codec(track.codec);
    const std::uint32_t header = carried == nullptr ? 0 : carried->frame_header;
    beside_video_.emplace(track.timescale, false, header);
    alone_.emplace(track.timescale, true, header);
}

void TsPieceCost::add(const media::Sample& sample) {
    if (track_->kind == media::TrackKind::audio) {
        const bool priming = is_priming(sample, track_->codec);
        const bool begins_sound = after_priming_ && !priming;
        after_priming_ = priming;
        if (begins_sound)
            beside_video_->begin(sample);
        else
            beside_video_->add(sample);
        alone_->add(sample);
        return;
    }
    video_.main += ts_packets_of_video_sample(ts_video_codec(track_->codec), sample.size, sample.sync,
                                              track_->details.parameter_sets.size());
    const std::int64_t gap = rescale(sample.duration, kTsClock, track_->timescale) - kTsPcrInterval;
    if (gap > 0) video_.side += static_cast<std::uint32_t>((gap + kTsPcrStep - 1) / kTsPcrStep);
}

media::Cost TsPieceCost::total() const {
    if (track_->kind != media::TrackKind::audio) return video_;
    return {static_cast<std::uint32_t>(beside_video_->packets()),
            static_cast<std::uint32_t>(alone_->packets())};
}

}  // namespace mezz::package
