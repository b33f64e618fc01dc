// What `ingest_worker run` is told.
#pragma once

#include <cstdint>
#include <string>

#include "backoff.hpp"
#include "job.hpp"
#include "lane.hpp"
#include "redis_link.hpp"
#include "transcode_options.hpp"

namespace mezz::worker {

struct QueueOptions {
    std::string postgres;  ///< as libpq takes it
    RedisAddress redis;
    std::string raw;        ///< folder of uploads
    std::string processed;  ///< folder of titles
    std::string worker_id;
    seconds lease{30};
    seconds purge_after{86400};
    seconds keep_replaced{21600};
    std::uint32_t chunk_seconds = 30;
    bool remux = true;         ///< sources that players can play are copied first
    int cpus = 1;              ///< jobs at once
    bool express = true;       ///< two more, of those that make titles watchable
    Lane lane = Lane::any;     ///< of one source
    std::string metrics_file;  ///< empty: none is written
    bool once = false;         ///< end when no job is open
    std::string log_level = "info";
    TranscodeOptions transcode;
};

/// Where the parts of titles grow, below the processed storage.
inline constexpr const char* kPartsFolder = ".parts";

/// "host-pid-random", of letters, digits, '-', '.' and '_'.
[[nodiscard]] std::string make_worker_id();

}  // namespace mezz::worker
