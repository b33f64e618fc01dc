// Titles and indexes, from shared memory or from the files.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "nginx/catalog_lookup.hpp"
#include "nginx/media_file.hpp"
#include "nginx/zone.hpp"
#include "package/request_path.hpp"
#include "package/title.hpp"

namespace mezz::nginx {

/// A title that is ready to be packaged.
struct LoadedTitle {
    PoolPath path;  ///< of the title in the file system
    Block block;
    std::optional<CatalogRecord> video{};  ///< what the postgres catalog says of it

    [[nodiscard]] package::TitleView view() const noexcept { return package::TitleView(block.bytes()); }
    /// What people call it now, UTF-8; empty if that is not known. The block has what it was called when its
    /// files were made.
    [[nodiscard]] std::string_view name() const noexcept {
        const std::string_view now = video ? video->title() : std::string_view();
        return now.empty() ? view().name() : now;
    }
};

/// Where the title of a request is stored, whether or not it exists.
[[nodiscard]] PoolPath title_path(const RequestFlow& flow, const package::RequestPath& path);

/// Finds the title of a request, as of the revision that the URL names, or the current one. Fails with
/// not_found if there is no such title or that revision is not the current one.
[[nodiscard]] Task<Result<LoadedTitle>> load_title(RequestFlow& flow, package::RequestPath path);

/// Opens file `number` of a title. Fails with not_found if the file is not the one any more that the title
/// was made of.
[[nodiscard]] Result<MediaFile> open_title_file(RequestFlow& flow, const LoadedTitle& title,
                                                std::uint32_t number);

/// An open file of a title and its index.
struct LoadedFile {
    MediaFile media;
    Block index;

    [[nodiscard]] media::FileIndexView view() const noexcept { return media::FileIndexView(index.bytes()); }
};

/// The index of an open file. One request of this worker makes it; the others that need it wait for that.
[[nodiscard]] Task<Result<Block>> load_index(RequestFlow& flow, MediaFile file);

/// Opens and indexes file `number` of a title. Fails with not_found if the file is not the one any more that
/// the title was made of.
[[nodiscard]] Task<Result<LoadedFile>> load_file(RequestFlow& flow, const LoadedTitle& title,
                                                 std::uint32_t number);

/// The same of a file that open_title_file() has opened.
[[nodiscard]] Task<Result<LoadedFile>> load_file(RequestFlow& flow, const MediaFile& opened);

}  // namespace mezz::nginx
