// The postgres catalog: titles are videos.
#pragma once

#include "nginx/catalog_lookup.hpp"

namespace mezz::nginx {

/// The catalog's record of a title that may be played. Fails with not_found if the title is no video's id in
/// lower case, or the video is not ready, or taken down; else as look_up_video() does.
[[nodiscard]] Task<Result<CatalogRecord>> find_ready_video(RequestFlow& flow, std::string_view title);

}  // namespace mezz::nginx
