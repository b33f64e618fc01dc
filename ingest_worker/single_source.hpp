// ingest_worker transcode: one job, given as arguments.
#pragma once

#include <atomic>
#include <optional>
#include <utility>

#include "job.hpp"

namespace mezz::worker {

/// The job that the arguments describe, its progress as JSON lines on a descriptor, its result as JSON on
/// standard output.
class SingleSource final : public JobSource {
public:
    SingleSource(Job job, int progress_fd, const std::atomic<bool>& stop) noexcept
        : job_(std::move(job)), progress_fd_(progress_fd), stop_(stop) {}

    [[nodiscard]] std::optional<Job> next() override { return std::exchange(job_, std::nullopt); }
    void progressed(const Progress& progress) override;
    [[nodiscard]] std::optional<Failure> stopped() override;
    void finished(const Job& job, const Outcome<Ready>& outcome) override;

    /// 0 ready, 1 failed, 75 interrupted.
    [[nodiscard]] int exit_code() const noexcept override { return exit_code_; }

private:
    std::optional<Job> job_;
    int progress_fd_;
    const std::atomic<bool>& stop_;
    int exit_code_ = 0;
};

}  // namespace mezz::worker
