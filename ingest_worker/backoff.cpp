#include "backoff.hpp"

#include <algorithm>
#include <utility>

namespace mezz::worker {

milliseconds Backoff::next() noexcept {
    return std::exchange(wait_, std::min(2 * wait_, kLongest));
}

seconds retry_delay(int attempt) noexcept {
    constexpr int kMostSteps = 6;
    constexpr int kFirst = 5;
    return seconds(kFirst << 2 * std::clamp(attempt - 1, 0, kMostSteps));
}

}  // namespace mezz::worker
