// Runs one job from beginning to end: a protected process reads the file, the worker checks and publishes.
#pragma once

#include <csignal>

#include "job.hpp"

namespace mezz::worker {

/// Makes the title of a job. Nothing of it is visible before all of it is complete and durable; after a
/// failure nothing remains. `stop` is looked at four times a second: non-zero ends the job with kind
/// interrupted.
[[nodiscard]] Outcome<Ready> run_job(const Job& job, ProgressSink& progress,
                                     const volatile std::sig_atomic_t& stop);

}  // namespace mezz::worker
