// How long segments last, as HLS playlists say it.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

#include "core/rescale.hpp"
#include "package/title.hpp"

namespace mezz::package {

inline constexpr std::uint32_t kMicros = 1000000;

/// Ticks in microseconds, at least 0.
[[nodiscard]] inline std::int64_t to_micros(std::int64_t ticks, std::uint32_t timescale) noexcept {
    return std::max<std::int64_t>(rescale(ticks, kMicros, timescale), 0);
}

/// Which segments a rendition has, and how long they last in microseconds. Differences of rounded starts are
/// what EXTINF says, so that their sum never drifts from the truth.
class SegmentTimes {
public:
    /// `muxed_end`: where sound ends that is in the same segments, microseconds; 0 if there is none.
    explicit SegmentTimes(const TrackTimeline& line, std::int64_t muxed_end = 0);

    [[nodiscard]] const SegmentStarts& starts() const noexcept { return starts_; }
    /// The rendition begins later: there is nothing to be sent.
    [[nodiscard]] bool is_gap(std::uint32_t n) const noexcept { return n < first_; }
    [[nodiscard]] bool is_there(std::uint32_t n) const noexcept { return !starts_.empty(n) || is_gap(n); }
    [[nodiscard]] std::int64_t duration(std::uint32_t n) const noexcept { return durations_[n]; }
    [[nodiscard]] std::int64_t longest() const noexcept { return std::ranges::max(durations_); }

private:
    [[nodiscard]] bool is_after(std::uint32_t n) const noexcept { return starts_.pieces(n).first == pieces_; }
    [[nodiscard]] std::int64_t start(const TrackTimeline& line, std::uint32_t n,
                                     std::int64_t end) const noexcept;

    SegmentStarts starts_;
    std::uint32_t pieces_;
    std::vector<std::int64_t> durations_;
    std::uint32_t first_ = 0;
};

/// The longest segment between the boundaries, or of a transport stream, and room for the cuts of audio,
/// which may lie a frame beside the boundaries; microseconds.
[[nodiscard]] std::int64_t longest_micros(std::span<const std::int64_t> boundaries, std::uint32_t timescale,
                                          std::uint32_t longest_ts_ms) noexcept;

/// EXT-X-TARGETDURATION of segments of up to `micros` (RFC 8216bis §4.4.3.1).
[[nodiscard]] inline std::uint64_t target_seconds(std::int64_t micros) noexcept {
    return static_cast<std::uint64_t>(std::max<std::int64_t>(1, (micros + kMicros / 2) / kMicros));
}

}  // namespace mezz::package
