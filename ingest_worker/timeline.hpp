// Puts the packets of all streams on one time line that starts at 0 and has no absurd gaps.
#pragma once

#include <cstdint>
#include <vector>

#include "av.hpp"

namespace mezz::worker {

/// Timestamps may jump: joined broadcasts, cut recordings, hostile files. A jump of a stream beyond what any
/// stream has reached, by more than two minutes, or back by more than ten seconds, is taken out; streams that
/// jump alike stay together. Gaps that are kept may add up to one hour.
class Timeline {
public:
    /// `start` in microseconds becomes 0.
    explicit Timeline(std::int64_t start, int streams)
        : lines_(static_cast<std::size_t>(streams), Line{-start, 0, false}) {}

    /// Moves one stream by that many microseconds, before its first packet.
    void shift(int stream, std::int64_t by) { lines_[static_cast<std::size_t>(stream)].shift += by; }

    /// Reading begins in the middle of the title, at about `time` (microseconds).
    void resume_at(std::int64_t time) noexcept { reached_ = time; }

    /// Changes the packet's times, in its stream's time base.
    void adjust(AVPacket& packet, AVRational time_base);

    [[nodiscard]] int streams() const noexcept { return static_cast<int>(lines_.size()); }

    /// Jumps that were taken out.
    [[nodiscard]] int jumps() const noexcept { return jumps_; }

private:
    struct Line {
        std::int64_t shift = 0;  // microseconds to add
        std::int64_t last = 0;   // adjusted time of the last packet
        bool begun = false;
    };

    void realign(Line& line, std::int64_t& time);

    std::vector<Line> lines_;
    std::int64_t reached_ = 0;  // the latest adjusted time of any stream
    std::int64_t gaps_ = 0;     // the sum of those that were kept
    std::int64_t last_jump_ = 0;
    int jumps_ = 0;
};

}  // namespace mezz::worker
