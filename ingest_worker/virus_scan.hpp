// Asks ClamAV's daemon about an upload before anything reads it.
#pragma once

#include <string>

#include "job.hpp"

namespace mezz::worker {

/// Sends the file to the clamd that listens at the Unix socket `path` (INSTREAM, clamd(8)). Fails with kind
/// source if it finds something, naming it, with kind limit if the file is larger than clamd accepts. While
/// clamd is away or does not answer it tries again every two seconds, for ten minutes; then fails with kind
/// system, so that the job is tried later. `control` is asked meanwhile. The descriptor's position is not
/// used.
[[nodiscard]] Outcome<void> scan_for_viruses(int fd, const std::string& path, JobControl& control);

}  // namespace mezz::worker
