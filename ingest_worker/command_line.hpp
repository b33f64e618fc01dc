// The program's arguments.
#pragma once

#include <atomic>
#include <memory>

#include "job.hpp"

namespace mezz::worker {

/// Reads the arguments: `transcode` gives one job, `run` those of the queue. `pictures` is
/// run at once and gives its exit code; so does, after a text, what runs nothing (--help, a mistake). `stop`
/// ends the source and its jobs, and must outlive it.
[[nodiscard]] std::expected<std::unique_ptr<JobSource>, int> parse_command_line(
    int argc, char** argv, const std::atomic<bool>& stop);

}  // namespace mezz::worker
