// Entity tags in request headers (RFC 9110 §8.8.3, §13.1.2).
#pragma once

#include <string_view>

namespace mezz::package {

/// Whether the value of If-None-Match is `*` or lists the tag, given without quotes, weakly compared. False
/// for what is no list of tags.
[[nodiscard]] bool lists_entity_tag(std::string_view field, std::string_view tag) noexcept;

}  // namespace mezz::package
