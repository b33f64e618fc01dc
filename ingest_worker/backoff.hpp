// How long to wait before something is tried again.
#pragma once

#include <chrono>

namespace mezz::worker {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;
using std::chrono::seconds;

/// Doubling waits up to a limit, for connections.
class Backoff {
public:
    static constexpr milliseconds kFirst{100};
    static constexpr milliseconds kLongest{2000};

    /// The wait before the next attempt.
    [[nodiscard]] milliseconds next() noexcept;
    void reset() noexcept { wait_ = kFirst; }

private:
    milliseconds wait_ = kFirst;
};

/// How often a job is begun before it counts as failed.
inline constexpr int kMostAttempts = 3;

/// How many workers may die over one part of a title: that it is a part's fault is unlikely then, and the
/// rest is done.
inline constexpr int kMostPartAttempts = 10;

/// The wait after a job's failed attempt, the first of which is 1: 5 s, 20 s, 80 s, …
[[nodiscard]] seconds retry_delay(int attempt) noexcept;

}  // namespace mezz::worker
