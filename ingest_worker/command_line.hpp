// The program's arguments.
#pragma once

#include <atomic>
#include <memory>
#include <vector>

#include "job.hpp"

namespace mezz::worker {

using JobSources = std::vector<std::unique_ptr<JobSource>>;

/// Reads the arguments: `transcode` gives one job, `run` those of the queue, from as many sources as jobs are
/// to run at once. `pictures` and `jobs` are run at once and give their exit code; so does, after a text,
/// what runs nothing (--help, a mistake). `stop` ends the sources and their jobs, and must outlive them.
[[nodiscard]] std::expected<JobSources, int> parse_command_line(int argc, char** argv,
                                                                const std::atomic<bool>& stop);

}  // namespace mezz::worker
