#include "frame_pacer.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace mezz::worker {

namespace {

// A little more than the gaps that a Timeline keeps; a decoder can still invent longer ones.
constexpr std::int64_t kLongestHold = 130000000;

std::int64_t round_to_tick(std::int64_t time, FrameRate rate) noexcept {
    return std::llround(static_cast<double>(time) * 1e-6 * rate.value());
}

}  // namespace

std::int64_t nearest_tick(std::int64_t time, std::int64_t first, FrameRate rate) noexcept {
    return round_to_tick(first, rate) + round_to_tick(time - first, rate);
}

std::int64_t FramePacer::tick_of(std::int64_t time) const noexcept {
    return nearest_tick(time, first_time_.value_or(0), rate_);
}

std::int64_t FramePacer::end_tick() const noexcept {
    constexpr std::int64_t kLongest = 10000000;
    if (!held_) return next_;
    const std::int64_t lasts = std::min(held_duration_, kLongest);
    return std::max({next_ + 1, tick_of(held_time_) + 1, tick_of(held_time_ + lasts)});
}

std::int64_t FramePacer::end_time() const noexcept {
    return av_rescale(end_tick(), 1000000 * rate_.den, rate_.num);
}

Outcome<void> FramePacer::show_until(std::int64_t tick) {
    if (!held_ || tick <= next_) return {};
    if (tick > most_ticks_) return give_up(FailureKind::limit, "The video lasts longer than is accepted.");
    const std::int64_t first = std::exchange(next_, tick);
    return on_picture_(*held_, first, tick - first);
}

Outcome<void> FramePacer::add(const AVFrame& frame, std::int64_t time, std::int64_t duration) {
    const std::int64_t tick_length = av_rescale(1000000, rate_.den, rate_.num);
    if (time == AV_NOPTS_VALUE) time = held_ ? held_time_ + tick_length : 0;
    if (held_ && time < held_time_) time = held_time_;
    if (held_ && time > held_time_ + kLongestHold) time = held_time_ + tick_length;
    if (!first_time_) first_time_ = time;
    if (auto ok = show_until(tick_of(time)); !ok) return ok;
    held_ = share(frame);
    held_time_ = time;
    held_duration_ = duration;
    return {};
}

Outcome<void> FramePacer::finish(std::int64_t end) {
    if (auto ok = show_until(std::max(end_tick(), tick_of(end))); !ok) return ok;
    held_.reset();
    return {};
}

}  // namespace mezz::worker
