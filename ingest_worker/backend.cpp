#include "backend.hpp"

#include "event_log.hpp"

namespace mezz::worker {

bool Abandon::passed() const noexcept {
    if (!stop_) return false;
    const Clock::rep now = Clock::now().time_since_epoch().count();
    Clock::rep expected = kNever;
    when_.compare_exchange_strong(expected, now + Clock::duration(kLastWords).count());
    return now >= when_.load();
}

void BackendHealth::lost(std::string_view why) {
    if (down_++ == 0)
        log_event(LogLevel::warning, "backend_lost",
                  {{"backend", std::string(name_)}, {"error", std::string(why)}});
}

void BackendHealth::back() {
    unsettle();
    if (--down_ == 0) log_event(LogLevel::info, "backend_back", {{"backend", std::string(name_)}});
}

bool BackendHealth::settled() const noexcept {
    return down_ == 0 && Clock::now().time_since_epoch().count() >= settled_at_;
}

void BackendHealth::unsettle() noexcept {
    constexpr seconds kSettling{10};  // longer than the other workers' backoff
    settled_at_ = (Clock::now() + kSettling).time_since_epoch().count();
}

void Reconnection::made() {
    ++count_;
    backoff_.reset();
    if (!lost_) return;
    lost_ = false;
    health_.back();
}

void Reconnection::failed(std::string_view why) {
    next_try_ = Clock::now() + backoff_.next();
    if (lost_) return;
    lost_ = true;
    health_.lost(why);
}

}  // namespace mezz::worker
