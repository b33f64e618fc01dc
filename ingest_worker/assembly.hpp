// The last job of a title that was split.
#pragma once

#include "job.hpp"

namespace mezz::worker {

/// Joins the parts that the other jobs have left below `job.parts`, makes the storyboard, and publishes the
/// title. Fails with kind indivisible if the parts do not fit together, with kind system if one is missing.
[[nodiscard]] Outcome<Ready> assemble_title(const Job& job, ProgressSink& progress, JobControl& control);

}  // namespace mezz::worker
