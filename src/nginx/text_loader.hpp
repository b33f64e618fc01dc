// Text tracks of a title, from shared memory or from their files.
#pragma once

#include <string_view>

#include "media/text_index.hpp"
#include "nginx/title_loader.hpp"

namespace mezz::nginx {

/// Opens a text track's file, which must still have that size and time of change (nanoseconds since 1970),
/// and indexes it. Fails with not_found if it is another one, or as index_text_file() does.
[[nodiscard]] Task<Result<Block>> load_text_file(RequestFlow& flow, std::string_view path, std::uint64_t size,
                                                 std::int64_t modified);

/// The same of text track `number` in an MP4 file (FileIndexView::text()). Fails as load_index() and
/// TextTrackReader do.
[[nodiscard]] Task<Result<Block>> load_text_track(RequestFlow& flow, const MediaFile& file,
                                                  std::uint32_t number);

/// The index of a title's text track. The block's bytes are what TextIndexView reads.
[[nodiscard]] Task<Result<Block>> load_text(RequestFlow& flow, const LoadedTitle& title,
                                            const package::TextRecord& text);

}  // namespace mezz::nginx
