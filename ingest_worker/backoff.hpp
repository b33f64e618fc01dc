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

/// How often a job may fail. A copy or draft is not begun more often at all: its title comes without.
inline constexpr int kMostAttempts = 3;

/// How many workers may die over one job. Files are read by processes of their own, so a worker's death is
/// seldom its file's doing: machines are taken away, or run out of memory.
inline constexpr int kMostDeaths = 10;

/// The wait after a job's failed attempt, the first of which is 1: 5 s, 20 s, 80 s, …
[[nodiscard]] seconds retry_delay(int attempt) noexcept;

}  // namespace mezz::worker
