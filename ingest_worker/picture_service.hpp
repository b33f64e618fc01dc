// `ingest_worker pictures`: keeps processes that decode single pictures for the nginx module.
#pragma once

#include <string>

#include "failure.hpp"
#include "picture_process.hpp"

namespace mezz::worker {

struct PictureServiceOptions {
    std::string socket;  ///< path
    int processes = 1;
    int queue = 64;  ///< connections that may wait for a process
    std::string log_level = "info";
    PictureLimits limits;
};

/// Listens on the socket and replaces processes that end, until SIGTERM or SIGINT; orders that are being
/// carried out are finished. Returns the program's exit code: 0 after a signal, 2 if it cannot listen there.
[[nodiscard]] int run_picture_service(const PictureServiceOptions& options);

}  // namespace mezz::worker
