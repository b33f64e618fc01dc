// What the jobs that run at once in one process may use together.
#pragma once

#include <algorithm>
#include <cstdint>
#include <mutex>
#include <utility>

namespace mezz::worker {

/// Thread-safe. A job that needs more than all of it runs alone.
class MemoryBudget {
public:
    explicit MemoryBudget(std::uint64_t total_mib) noexcept : total_(total_mib) {}

    /// Calls `claim` with the MiB that a job may need, one caller at a time; it returns what is to be set
    /// aside, 0 for no job.
    template <class Claim>
    void claim(const Claim& claim) {
        const std::lock_guard lock(mutex_);
        const std::uint32_t need = claim(free());
        if (need == 0) {
            passed_over_ = jobs_ > 0;
            return;
        }
        used_ += need;
        ++jobs_;
    }

    /// A job that needed so much has ended.
    void release(std::uint32_t need_mib) {
        const std::lock_guard lock(mutex_);
        used_ -= need_mib;
        --jobs_;
    }

    /// True once after a claim in vain beside other jobs: what was too large then may fit now.
    [[nodiscard]] bool take_passed_over() {
        const std::lock_guard lock(mutex_);
        return std::exchange(passed_over_, false);
    }

private:
    [[nodiscard]] std::uint32_t free() const noexcept {
        constexpr std::uint64_t kAny = INT32_MAX;
        if (jobs_ == 0) return kAny;
        return static_cast<std::uint32_t>(used_ >= total_ ? 0 : std::min(total_ - used_, kAny));
    }

    std::mutex mutex_;
    std::uint64_t total_;
    std::uint64_t used_ = 0;
    int jobs_ = 0;
    bool passed_over_ = false;
};

}  // namespace mezz::worker
