// Names that a database gives, made into paths only if they are as plain as they must be.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "failure.hpp"
#include "unique_fd.hpp"

namespace mezz::worker {

/// True for 8-4-4-4-12 lower-case hexadecimal digits, as PostgreSQL writes a uuid.
[[nodiscard]] bool is_uuid(std::string_view text) noexcept;

/// Where an upload lies below the raw storage.
struct SourcePath {
    std::string folder;  ///< a uuid
    std::string file;  ///< one plain name: no '/', no control characters, no '.' in front, at most 255 bytes
};

/// Parses "{upload_id}/{filename}"; nullopt for anything else.
[[nodiscard]] std::optional<SourcePath> parse_source_path(std::string_view text);

/// Opens a file below `root` for reading, by a path that parse_source_path() accepts; no symbolic link is
/// followed below root. Kind source if the path is refused, system if the file cannot be opened.
[[nodiscard]] Outcome<UniqueFd> open_below(const std::string& root, std::string_view path);

}  // namespace mezz::worker
