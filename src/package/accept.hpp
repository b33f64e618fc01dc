// Content negotiation (RFC 9110 §12.5.1).
#pragma once

#include <string_view>

namespace mezz::package {

/// Whether the value of an Accept field names the media type itself, with a weight above 0. Wildcards do not
/// count: browsers that know a new format of pictures name it, everybody else sends wildcards.
[[nodiscard]] bool names_media_type(std::string_view accept, std::string_view type) noexcept;

}  // namespace mezz::package
