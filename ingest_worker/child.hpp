// The protected process.
#pragma once

namespace mezz::worker {

/// Its main function: expects the channel and the source at the numbers that child_process.hpp names, takes
/// the order, enters the sandbox, works, and reports. Returns the exit code.
[[nodiscard]] int run_child();

}  // namespace mezz::worker
