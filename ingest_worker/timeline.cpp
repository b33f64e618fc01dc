#include "timeline.hpp"

#include <algorithm>
#include <cstdlib>

namespace mezz::worker {
namespace {

constexpr std::int64_t kSecond = 1000000;
constexpr std::int64_t kLongestGap = 120 * kSecond;
constexpr std::int64_t kLongestStep = 10 * kSecond;  // a shorter one is no gap
constexpr std::int64_t kMostGaps = 3600 * kSecond;
constexpr std::int64_t kSameJump = 2 * kSecond;
constexpr std::int64_t kLatest = INT64_MAX / 4;

}  // namespace

void Timeline::adjust(AVPacket& packet, AVRational time_base) {
    Line& line = lines_[static_cast<std::size_t>(packet.stream_index)];
    const std::int64_t ticks = packet.pts != AV_NOPTS_VALUE ? packet.pts : packet.dts;
    if (ticks != AV_NOPTS_VALUE) {
        const std::int64_t raw = std::clamp(av_rescale_q(ticks, time_base, kMicro), -kLatest, kLatest);
        std::int64_t time = raw + line.shift;
        realign(line, time);
        line.last = time;
        line.begun = true;
        reached_ = std::max(reached_, time);
    }
    const std::int64_t shift = av_rescale_q(line.shift, kMicro, time_base);
    if (packet.pts != AV_NOPTS_VALUE) packet.pts += shift;
    if (packet.dts == AV_NOPTS_VALUE) return;
    packet.dts += shift;
    // Demuxers that guess decoding times guess wrong around a jump.
    const std::int64_t apart = av_rescale_q(kLongestStep, kMicro, time_base);
    if (packet.pts != AV_NOPTS_VALUE && std::abs(packet.pts - packet.dts) > apart) packet.dts = packet.pts;
}

void Timeline::realign(Line& line, std::int64_t& time) {
    const std::int64_t ahead = time - reached_;
    const bool back = line.begun && time < line.last - kLongestStep;
    if (ahead <= kLongestStep && !back) return;
    if (!back && ahead <= kLongestGap && gaps_ + ahead <= kMostGaps) {
        gaps_ += ahead;
        return;
    }
    std::int64_t jump = time - reached_;
    if (last_jump_ != 0 && std::abs(jump - last_jump_) < kSameJump) jump = last_jump_;
    last_jump_ = jump;
    line.shift -= jump;
    time -= jump;
    ++jumps_;
}

}  // namespace mezz::worker
