// Where a title is cut into segments.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "media/file_index.hpp"

namespace mezz::package {

/// Sync points (presentation ticks of `timescale`, rising) at which a segment may begin.
struct CutPoints {
    std::uint32_t timescale = 0;
    std::vector<std::int64_t> times;  ///< without the first, which always begins segment 0
    std::int64_t end = 0;             ///< of the title
    bool closed = false;              ///< no open group of pictures begins at one
};

/// All sync points of a track, or those that begin a closed group of pictures.
[[nodiscard]] CutPoints cut_points(const media::TrackView& track, bool closed = false);

/// Keeps the points that `track` has as well, within half a frame at 50 Hz.
[[nodiscard]] CutPoints common_points(const CutPoints& points, const media::TrackView& track);

/// Adds points up to `end`, a second apart, where a title goes on for longer than that after its pictures.
void extend(CutPoints& points, std::int64_t end);

/// Boundaries: 0, then the points that come nearest to the wished durations (milliseconds, the last one
/// repeats) without passing them by more than half a second, then the end.
[[nodiscard]] std::vector<std::int64_t> cut(const CutPoints& points,
                                            std::span<const std::uint32_t> segment_ms);

/// The longest distance between neighbouring points, ticks.
[[nodiscard]] std::int64_t longest_gap(const CutPoints& points);

}  // namespace mezz::package
