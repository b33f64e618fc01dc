// Thumbnails in the DASH manifest.
#pragma once

#include <string>
#include <string_view>

#include "package/title.hpp"

namespace mezz::package {

/// Appends an AdaptationSet of that id over the sheets of the title's storyboard (DASH-IF IOP 4.3 §6.2.6);
/// nothing if it has none. `query` is put behind each URL.
void write_tile_set(const TitleView& title, std::string_view query, unsigned id, std::string& out);

}  // namespace mezz::package
