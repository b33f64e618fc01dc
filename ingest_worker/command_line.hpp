// ingest_worker transcode: one job, given as arguments.
#pragma once

#include <memory>
#include <optional>
#include <utility>

#include "job.hpp"

namespace mezz::worker {

/// The job that the arguments describe, its progress as JSON lines on a descriptor, its result as JSON on
/// standard output.
class CommandLineSource final : public JobSource {
public:
    CommandLineSource(Job job, int progress_fd) noexcept : job_(std::move(job)), progress_fd_(progress_fd) {}

    [[nodiscard]] std::optional<Job> next() override { return std::exchange(job_, std::nullopt); }
    void progressed(const Progress& progress) override;
    void finished(const Job& job, const Outcome<Ready>& outcome) override;

    /// 0 ready, 1 failed, 75 interrupted.
    [[nodiscard]] int exit_code() const noexcept { return exit_code_; }

private:
    std::optional<Job> job_;
    int progress_fd_;
    int exit_code_ = 0;
};

/// Reads the arguments. Where there is nothing to run (--help, a mistake), says so and gives the exit code.
[[nodiscard]] std::expected<std::unique_ptr<CommandLineSource>, int> parse_command_line(int argc,
                                                                                        char** argv);

}  // namespace mezz::worker
