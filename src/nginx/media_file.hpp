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

/// Whether an open file has now, as the kernel says, the size and time that it was opened with.
[[nodiscard]] bool is_unchanged(const MediaFile& file) noexcept;

/// A path in the file system, in a request's pool and with a NUL behind it.
struct PoolPath {
    ngx_str_t name{};

    [[nodiscard]] std::string_view view() const noexcept { return nginx::view(name); }
    operator std::string_view() const noexcept { return view(); }
};

/// The path of `name` in a folder, or of the folder itself if `name` is empty. Throws bad_alloc.
[[nodiscard]] PoolPath join_path(ngx_pool_t* pool, std::string_view folder, std::string_view name);

/// Opens a regular file. Fails with not_found if there is none (a folder is none), or it may not be opened.
[[nodiscard]] Result<MediaFile> open_media_file(RequestFlow& flow, PoolPath path);
[[nodiscard]] Result<MediaFile> open_media_file(RequestFlow& flow, std::string_view path);

/// The same, but a folder is no failure: nullopt.
[[nodiscard]] Result<std::optional<MediaFile>> open_file_or_folder(RequestFlow& flow, PoolPath path);

}  // namespace mezz::nginx
