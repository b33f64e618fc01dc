// Removes files that nobody will ask for. Names come from a database: only uuids are made into paths.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mezz::worker {

/// Removes {root}/{id} and what is in it, without following symbolic links. True if it is gone, also if it
/// was never there; false if `id` is no uuid or something could not be removed.
[[nodiscard]] bool remove_folder(const std::string& root, const std::string& id);

/// Removes from {root}/{id} the media and texts (*.mp4, *.vtt right in it) that its descriptor `asset` (JSON)
/// does not name; how many. nullopt if `id` is no uuid, the descriptor is not valid or a file could not be
/// removed.
[[nodiscard]] std::optional<std::uint64_t> remove_replaced_files(const std::string& root,
                                                                 const std::string& id,
                                                                 std::string_view asset);

/// The folders of `root` whose names are uuids.
[[nodiscard]] std::vector<std::string> folders_in(const std::string& root);

/// Removes the regular files right in a folder that were not written to for so long; how many.
std::uint64_t remove_stale_files(const std::string& folder, std::chrono::seconds age);

}  // namespace mezz::worker
