// Runs one job from beginning to end: a protected process reads the file, the worker checks and publishes.
#pragma once

#include "job.hpp"

namespace mezz::worker {

/// Makes the title of a job. Nothing of it is visible before all of it is complete and durable; after a
/// failure nothing remains. `control` is asked four times a second, and before anything is published.
[[nodiscard]] Outcome<Ready> run_job(const Job& job, ProgressSink& progress, JobControl& control);

}  // namespace mezz::worker
