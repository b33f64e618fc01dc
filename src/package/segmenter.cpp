#include "package/segmenter.hpp"

#include <algorithm>

#include "core/rescale.hpp"

namespace mezz::package {
namespace {

constexpr std::int64_t kToleranceMs = 10;
constexpr std::int64_t kOverrunMs =
    499;  // EXTINF, rounded, must not exceed the target (RFC 8216bis §4.4.3.1)
constexpr std::int64_t kShortestTailMs = 500;

}  // namespace

CutPoints cut_points(const media::TrackView& track, bool closed) {
    CutPoints points{.timescale = track->timescale, .times = {}, .end = track->end, .closed = closed};
    std::int64_t time = track.piece_time(0);
    const auto pieces = track.pieces();
    std::int64_t last = 0;
    for (std::size_t i = 0; i + 1 < pieces.size(); ++i) {
        time += pieces[i].duration;
        if (time <= last || time >= points.end) continue;  // pieces may last no time
        if (closed && track.is_open(static_cast<std::uint32_t>(i + 1))) continue;
        points.times.push_back(time);
        last = time;
    }
    return points;
}

CutPoints common_points(const CutPoints& points, const media::TrackView& track) {
    CutPoints common{.timescale = points.timescale, .times = {}, .end = points.end, .closed = points.closed};
    const std::int64_t tolerance = rescale(kToleranceMs, points.timescale, 1000);
    media::PieceWalk walk(track);
    for (const std::int64_t time : points.times) {
        const media::PieceWalk::Found found = walk.nearest(rescale(time, track->timescale, points.timescale));
        const std::int64_t theirs = rescale(found.time, points.timescale, track->timescale);
        if (points.closed && track.is_open(found.piece)) continue;
        if (found.piece < track.piece_count() && std::abs(theirs - time) <= tolerance)
            common.times.push_back(time);
    }
    return common;
}

void extend(CutPoints& points, std::int64_t end) {
    constexpr std::size_t kMost = 1U << 20;
    const std::int64_t second = points.timescale;
    for (std::size_t i = 0; i < kMost && points.end + second <= end; ++i) {
        if (points.end > 0) points.times.push_back(points.end);  // the reference may have nothing after 0
        points.end += second;
    }
    points.end = std::max(points.end, end);
}

std::vector<std::int64_t> cut(const CutPoints& points, std::span<const std::uint32_t> segment_ms) {
    std::vector<std::int64_t> boundaries{0};
    const std::int64_t overrun = rescale(kOverrunMs, points.timescale, 1000);
    const std::int64_t tail = rescale(kShortestTailMs, points.timescale, 1000);
    auto next = points.times.begin();
    while (next != points.times.end()) {
        const std::size_t n = std::min(boundaries.size(), segment_ms.size()) - 1;
        const std::int64_t wished = boundaries.back() + rescale(segment_ms[n], points.timescale, 1000);
        const std::int64_t limit = wished + overrun;
        if (points.end <= limit) break;
        auto chosen = std::upper_bound(next, points.times.end(), wished);
        const bool before = chosen != next;
        const bool after = chosen != points.times.end() && *chosen <= limit;
        if (before && (!after || wished - *(chosen - 1) <= *chosen - wished)) --chosen;
        next = chosen + 1;
        if (points.end - *chosen < tail && points.end <= limit + tail) break;
        boundaries.push_back(*chosen);
    }
    boundaries.push_back(std::max(points.end, boundaries.back() + 1));
    return boundaries;
}

std::int64_t longest_gap(const CutPoints& points) {
    std::int64_t last = 0;
    std::int64_t longest = 0;
    for (const std::int64_t time : points.times) {
        longest = std::max(longest, time - last);
        last = time;
    }
    return std::max(longest, points.end - last);
}

}  // namespace mezz::package
