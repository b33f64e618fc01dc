#include "package/segment_times.hpp"

namespace mezz::package {

SegmentTimes::SegmentTimes(const TrackTimeline& line, std::int64_t muxed_end)
    : starts_(line), pieces_(line.track().piece_count()), durations_(starts_.count()) {
    std::int64_t end = to_micros(starts_.start(starts_.count()), line.track()->timescale);
    while (first_ < starts_.count() && starts_.empty(first_))
        ++first_;
    if (first_ == starts_.count()) first_ = 0;  // there is nothing at all
    if (is_after(starts_.count() - 1)) end = std::max(end, muxed_end);
    std::int64_t begin = start(line, 0, end);
    for (std::uint32_t n = 0; n < starts_.count(); ++n) {
        const std::int64_t next = n + 1 == starts_.count() ? end : start(line, n + 1, end);
        durations_[n] = std::max<std::int64_t>(next - begin, 0);
        begin = next;
    }
}

std::int64_t SegmentTimes::start(const TrackTimeline& line, std::uint32_t n,
                                 std::int64_t end) const noexcept {
    if (n <= first_) return to_micros(line.boundaries()[n], line.timescale());
    return is_after(n) ? end : to_micros(starts_.start(n), line.track()->timescale);
}

std::int64_t longest_micros(std::span<const std::int64_t> boundaries, std::uint32_t timescale,
                            std::uint32_t longest_ts_ms) noexcept {
    constexpr std::int64_t kFrameOfAudio = 50000;
    std::int64_t longest = 0;
    for (std::size_t n = 1; n < boundaries.size(); ++n)
        longest = std::max(longest, boundaries[n] - boundaries[n - 1]);
    return std::max(to_micros(longest, timescale), std::int64_t{longest_ts_ms} * (kMicros / 1000)) +
           kFrameOfAudio;
}

}  // namespace mezz::package
