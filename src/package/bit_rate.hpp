// Bit rates that playlists announce.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "media/index_builder.hpp"
#include "package/title.hpp"
#include "package/ts_estimate.hpp"

namespace mezz::package {

/// One segment's size.
struct SegmentSize {
    std::uint64_t bytes = 0;
    std::int64_t duration = 0;  ///< ticks
};

/// Peak: the largest rate of any run of segments that lasts between half and one and a half times the longest
/// segment (RFC 8216bis, BANDWIDTH); average: over all.
[[nodiscard]] BitRate bit_rate(std::span<const SegmentSize> segments, std::uint32_t timescale);

/// Of a rendition's CMAF segments; exact for Layout::fragments, else within a few bytes a segment.
[[nodiscard]] BitRate cmaf_bit_rate(const TrackTimeline& line);

/// Of TS segments with the given video, audio or both; within 1 %.
[[nodiscard]] BitRate ts_bit_rate(const std::optional<TrackTimeline>& video,
                                  const std::optional<TrackTimeline>& audio);

/// Samples of a range of pieces; an estimate for Layout::fragments.
[[nodiscard]] std::uint64_t sample_count(const media::TrackView& track, PieceRange pieces);

/// What build_index() is to note in Piece::extra: the transport packets of a piece's samples, exactly as
/// TsPlan makes them (for audio, of audio beside video).
class TsPieceCost final : public media::PieceCost {
public:
    void begin(const media::MovieTrack& track) override;
    void add(const media::Sample& sample) override;
    [[nodiscard]] std::uint32_t total() const override;

private:
    const media::MovieTrack* track_ = nullptr;
    std::uint32_t video_packets_ = 0;
    std::optional<TsAudioGrouping> audio_;
};

}  // namespace mezz::package
