// A process of the picture service: one order at a time, in the sandbox.
#pragma once

#include <cstdint>

namespace mezz::worker {

/// Argument by which this program becomes one; behind it stand the limits, in this order.
inline constexpr const char* kPictureCommand = "sandboxed-pictures";
inline constexpr int kPictureSocketFd = 3;  ///< where it listens

struct PictureLimits {
    std::uint64_t memory_mib = 2048;  ///< address space
    int seconds = 10;                 ///< for one order, from its connection on; then it dies
};

/// Serves connections until SIGTERM, or until it has served many: a new process then takes its place. Returns
/// the program's exit code.
[[nodiscard]] int run_picture_process(const PictureLimits& limits);

/// Reads the limits from the program's arguments; those of a wrong count are the defaults.
[[nodiscard]] PictureLimits read_picture_limits(int argc, char** argv);

}  // namespace mezz::worker
