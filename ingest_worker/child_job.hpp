// Has a protected process do what only it may do, and answers what it asks for meanwhile.
#pragma once

#include "job.hpp"
#include "staging.hpp"
#include "transcode_report.hpp"

namespace mezz::worker {

/// Starts the process with the source and the order; the files that it makes are in the staging folder then.
/// `control` is asked four times a second.
[[nodiscard]] Outcome<TranscodeReport> run_order(const TranscodeOrder& order, int source_fd, Staging& staging,
                                                 ProgressSink& progress, JobControl& control);

}  // namespace mezz::worker
