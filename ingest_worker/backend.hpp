// What connections to PostgreSQL and to Redis have in common.
#pragma once

#include <atomic>
#include <cstdint>
#include <expected>
#include <limits>
#include <string>
#include <string_view>

#include "backoff.hpp"

namespace mezz::worker {

struct BackendError {
    bool lost = true;  ///< there is no connection, or not now; else the server refused what was asked
    std::string text;
};

template <class T>
using Answer = std::expected<T, BackendError>;

[[nodiscard]] inline std::unexpected<BackendError> backend_lost(std::string text) {
    return std::unexpected(BackendError{true, std::move(text)});
}

/// When the program ends and whoever waits for a server gives up: a while after it was told to stop.
/// Thread-safe.
class Abandon {
public:
    /// After a signal. A call that is under way then may take 3 s more.
    static constexpr seconds kLastWords{4};

    /// `stop` must outlive it.
    explicit Abandon(const std::atomic<bool>& stop) noexcept : stop_(stop) {}

    [[nodiscard]] bool passed() const noexcept;

private:
    static constexpr Clock::rep kNever = std::numeric_limits<Clock::rep>::max();

    const std::atomic<bool>& stop_;
    mutable std::atomic<Clock::rep> when_ = kNever;  // set by whoever asks first after the signal
};

/// Whether connections of one kind are up; logs when the first is lost and when the last is back. Shared by
/// the threads.
class BackendHealth {
public:
    explicit BackendHealth(std::string_view name) noexcept : name_(name) {}

    void lost(std::string_view why);
    void back();

    /// An answer was long in coming.
    void was_slow() noexcept { unsettle(); }

    /// False while a connection is lost, and for a while after one was back or an answer slow: leases may
    /// have ended only because nobody could renew them.
    [[nodiscard]] bool settled() const noexcept;

private:
    void unsettle() noexcept;

    std::string_view name_;
    std::atomic<int> down_ = 0;
    std::atomic<Clock::rep> settled_at_ = std::numeric_limits<Clock::rep>::min();
};

/// When one connection may be made: after a loss at growing intervals. Reports to the health.
class Reconnection {
public:
    explicit Reconnection(BackendHealth& health) noexcept : health_(health) {}
    Reconnection(const Reconnection&) = delete;
    Reconnection& operator=(const Reconnection&) = delete;
    ~Reconnection() = default;

    [[nodiscard]] bool may_try() const noexcept { return Clock::now() >= next_try_; }
    void made();
    void failed(std::string_view why);

    /// How many connections have been made so far.
    [[nodiscard]] std::uint64_t count() const noexcept { return count_; }

    /// True from a loss or a failure until it is made again.
    [[nodiscard]] bool is_lost() const noexcept { return lost_; }
    [[nodiscard]] BackendHealth& health() const noexcept { return health_; }

private:
    BackendHealth& health_;
    Backoff backoff_;
    Clock::time_point next_try_;
    std::uint64_t count_ = 0;
    bool lost_ = false;
};

}  // namespace mezz::worker
