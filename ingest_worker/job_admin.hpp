// ingest_worker jobs: what an operator does about jobs that have failed.
#pragma once

#include <string>

#include "redis_link.hpp"

namespace mezz::worker {

struct AdminOptions {
    std::string postgres;
    RedisAddress redis;
    bool dead_letters = false;
    std::string requeue;  ///< id of a job, or of a video; empty: none
};

/// Does what the options say; what it finds goes to standard output, one JSON object a line. The exit code:
/// 0, or 1 with a word on standard error.
[[nodiscard]] int administer_jobs(const AdminOptions& options);

}  // namespace mezz::worker
