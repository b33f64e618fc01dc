// Bit rates that playlists announce.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "media/index_builder.hpp"
#include "package/segment_times.hpp"
#include "package/title.hpp"
#include "package/ts_estimate.hpp"

namespace mezz::package {

/// One segment's size.
struct SegmentSize {
    std::uint64_t bytes = 0;
    std::int64_t duration = 0;  ///< ticks
};

/// Peak: the largest rate of any run of segments that lasts between half and one and a half times the target
/// duration (ticks; RFC 8216bis §4.1) and has at most 64; average: over all.
[[nodiscard]] BitRate bit_rate(std::span<const SegmentSize> segments, std::uint32_t timescale,
                               std::int64_t target);

/// Of a rendition's CMAF segments; exact for Layout::fragments, else within a few bytes a segment. `times`:
/// of the same line. `longest`: what the playlist's target duration is at least made from, longest_micros().
[[nodiscard]] BitRate cmaf_bit_rate(const TrackTimeline& line, const SegmentTimes& times,
                                    std::int64_t longest);

/// Of TS segments with the given video, audio or both; within 1 %. `longest` as before; `muxed_end` as in
/// SegmentTimes.
[[nodiscard]] BitRate ts_bit_rate(const std::optional<TrackTimeline>& video,
                                  const std::optional<TrackTimeline>& audio, std::int64_t longest,
                                  std::int64_t muxed_end);

/// Transport packets that the audio of a segment is to take at least, so that it is as large as ts_bit_rate()
/// says: a little more than nearly all need where only an estimate is known, else 0. `silent`: the frames
/// before those of `pieces`; `alone`: without video.
[[nodiscard]] std::uint32_t least_audio_packets(const TrackTimeline& line, PieceRange silent,
                                                PieceRange pieces, bool alone);

/// What build_index() is to note of a piece: exactly the transport packets that TsPlan makes of it. Main: of
/// the video, or of the audio beside video. Side: clock references on their own, or of the audio alone.
class TsPieceCost final : public media::PieceCost {
public:
    void begin(const media::MovieTrack& track) override;
    void add(const media::Sample& sample) override;
    [[nodiscard]] media::Cost total() const override;

private:
    const media::MovieTrack* track_ = nullptr;
    media::Cost video_;
    std::optional<TsAudioGrouping> beside_video_;
    std::optional<TsAudioGrouping> alone_;
    bool after_priming_ = false;
};

}  // namespace mezz::package
