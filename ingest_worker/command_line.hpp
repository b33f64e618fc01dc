// The program's arguments.
#pragma once

#include <atomic>
#include <memory>

#include "job.hpp"

namespace mezz::worker {

/// Reads the arguments: `transcode` gives one job, `run` those of the queue. Where there is nothing to run
/// (--help, a mistake), says so and gives the exit code. `stop` ends the source and its jobs, and must
/// outlive it.
[[nodiscard]] std::expected<std::unique_ptr<JobSource>, int> parse_command_line(
    int argc, char** argv, const std::atomic<bool>& stop);

}  // namespace mezz::worker
