// What the libav* libraries say about a file, kept for the log instead of printed.
#pragma once

#include <string>
#include <vector>

namespace mezz::worker {

/// From now on errors of the libraries are kept, and nothing of theirs is printed.
void capture_library_errors();

/// The last few of them, oldest first, printable characters only, without repetitions.
[[nodiscard]] std::vector<std::string> last_library_errors();

}  // namespace mezz::worker
