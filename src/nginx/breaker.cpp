#include "nginx/breaker.hpp"

#include <algorithm>

namespace mezz::nginx {
namespace {

// Milliseconds until the first probe and between later ones; a quarter is random, so that workers spread.
constexpr ngx_msec_t kShortest = 50;
constexpr ngx_msec_t kLongest = 2000;

}  // namespace

OneLine::OneLine(std::string_view text) noexcept : size_(std::min(text.size(), sizeof(text_))) {
    std::ranges::transform(text.substr(0, size_), text_, [](char c) {
        return static_cast<unsigned char>(c) < ' ' || c == '\x7f' ? ' ' : c;
    });
    while (size_ > 0 && text_[size_ - 1] == ' ')
        --size_;
}

Breaker::Breaker(std::string name, Prober& prober, BackendStats& stats) noexcept
    : name_(std::move(name)),
      prober_(prober),
      stats_(stats),
      timer_(this, [](void* breaker) noexcept { static_cast<Breaker*>(breaker)->prober_.probe(); }) {
    timer_.start(1, true);
}

void Breaker::succeeded() noexcept {
    time_outs_ = 0;
    probes_ = 0;
    if (state_ == State::up) return;
    if (state_ == State::down) {
        log_line(ngx_cycle->log, NGX_LOG_NOTICE, 0, "mezz: %s answers again", name_.c_str());
    }
    state_ = State::up;
    stats_.breaker_open = false;
    reason_ = OneLine();
    timer_.stop();
}

void Breaker::timed_out(std::string_view why) noexcept {
    if (++time_outs_ >= kTimeOuts || state_ == State::down) {
        trip(why);
    } else {
        lost();
    }
}

void Breaker::trip(std::string_view why) noexcept {
    const OneLine reason(why);
    if (state_ != State::down) {
        log_line(ngx_cycle->log, NGX_LOG_WARN, 0, "mezz: %s cannot be used: %*s", name_.c_str(),
                 reason.view());
    } else if (reason.view() != reason_.view()) {
        log_line(ngx_cycle->log, NGX_LOG_WARN, 0, "mezz: %s still cannot be used: %*s", name_.c_str(),
                 reason.view());
    }
    reason_ = reason;
    state_ = State::down;
    stats_.breaker_open = true;
    schedule_probe();
}

void Breaker::lost() noexcept {
    schedule_probe();
}

void Breaker::schedule_probe() noexcept {
    if (timer_.running()) return;
    const ngx_msec_t delay = std::min(kShortest << std::min(probes_, 10U), kLongest);
    ++probes_;
    timer_.start(delay - delay / 4 + static_cast<ngx_msec_t>(ngx_random()) % (delay / 4 + 1), true);
}

}  // namespace mezz::nginx
