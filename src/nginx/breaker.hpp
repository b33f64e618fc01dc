// What a worker knows about a backend's health.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "nginx/worker_timer.hpp"

namespace mezz::nginx {

/// Counts since the worker started, and gauges. Of this worker only.
struct BackendStats {
    std::uint64_t queries = 0;    ///< asked for, those that failed at once included
    std::uint64_t failures = 0;   ///< of these: ended with an error of any kind
    std::uint64_t refused = 0;    ///< of these: failed at once because the breaker was open
    std::uint64_t time_outs = 0;  ///< of these: not answered in time
    std::uint64_t connects = 0;   ///< connections that were established
    std::uint64_t losses = 0;     ///< established connections that ended though nobody wanted it
    std::uint32_t open = 0;       ///< connections established now
    bool breaker_open = false;    ///< queries fail at once now
};

/// Text of a library or a server as one line for the log: control characters become spaces, the rest is cut.
class OneLine {
public:
    OneLine() = default;
    explicit OneLine(std::string_view text) noexcept;
    [[nodiscard]] std::string_view view() const noexcept { return {text_, size_}; }

private:
    char text_[400];
    std::size_t size_ = 0;
};

/// A circuit breaker. It opens when a connect fails or kTimeOuts connections in a row were dropped because
/// nothing was answered in time; then queries fail at once, and the backend is probed, first soon and then
/// less and less often, until it answers. Says in the log once that a backend is lost and once that it is
/// there again.
class Breaker {
public:
    static constexpr unsigned kTimeOuts = 3;

    class Prober {
    public:
        /// Finds out whether the backend works, and says so by succeeded(), trip() or timed_out().
        virtual void probe() noexcept = 0;

    protected:
        ~Prober() = default;
    };

    /// `name` is what the log calls the backend. The first probe follows soon.
    Breaker(std::string name, Prober& prober, BackendStats& stats) noexcept;

    [[nodiscard]] const std::string& name() const noexcept { return name_; }
    /// Whether queries are to fail at once.
    [[nodiscard]] bool refuses() const noexcept { return state_ == State::down; }
    /// Whether the backend answered last time; false until it has done so once.
    [[nodiscard]] bool up() const noexcept { return state_ == State::up; }

    /// The backend has answered.
    void succeeded() noexcept;
    /// A connection was dropped because nothing was answered in time.
    void timed_out(std::string_view why) noexcept;
    /// The backend cannot be used.
    void trip(std::string_view why) noexcept;
    /// A connection was lost, which may mean more: probes soon.
    void lost() noexcept;

private:
    enum class State : std::uint8_t { unknown, up, down };

    void schedule_probe() noexcept;

    std::string name_;
    Prober& prober_;
    BackendStats& stats_;
    WorkerTimer timer_;
    OneLine reason_;
    State state_ = State::unknown;
    unsigned time_outs_ = 0;
    unsigned probes_ = 0;  // since the backend last answered
};

}  // namespace mezz::nginx
