// Storyboards: WebVTT whose cues are parts of pictures.
#pragma once

#include <string>
#include <string_view>

namespace mezz::package {

/// Adds a query, "?token=…" or nothing, to each picture that a storyboard names by a line such as
/// "storyboard_0.jpg#xywh=0,0,160,90".
[[nodiscard]] std::string carry_query(std::string_view storyboard, std::string_view query);

}  // namespace mezz::package
