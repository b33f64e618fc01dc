// Opening media files through nginx's open_file_cache.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "nginx/file_read.hpp"

namespace mezz::nginx {

/// An open file; the descriptor is closed with the request's pool, or kept by the open_file_cache.
struct MediaFile {
    FileRef file;
    std::uint64_t size = 0;
    std::int64_t modified = 0;  ///< nanoseconds since 1970
    std::uint64_t unique = 0;   ///< inode

    [[nodiscard]] std::string_view path() const noexcept { return view(file.name); }
};

/// Appends what tells one state of a file from another, size, time and inode, each behind a space: for keys
/// of what is made of it.
void append_identity(std::string& key, const MediaFile& file);

/// Opens a regular file. Fails with not_found if there is none (a folder is none), or it may not be opened.
[[nodiscard]] Result<MediaFile> open_media_file(RequestFlow& flow, std::string_view path);

/// The same, but a folder is no failure: nullopt.
[[nodiscard]] Result<std::optional<MediaFile>> open_file_or_folder(RequestFlow& flow, std::string_view path);

}  // namespace mezz::nginx
