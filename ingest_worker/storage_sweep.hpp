// Removes files that nobody will ask for. Names come from a database: only uuids are made into paths.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace mezz::worker {

/// Removes {root}/{id} and what is in it, without following symbolic links. True if it is gone, also if it
/// was never there; false if `id` is no uuid or something could not be removed.
[[nodiscard]] bool remove_folder(const std::string& root, const std::string& id);

/// Removes the regular files right in a folder that were not written to for so long; how many.
std::uint64_t remove_stale_files(const std::string& folder, std::chrono::seconds age);

}  // namespace mezz::worker
