// The media type of an upload (RFC 9110 section 8.3.1).
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace mezz::api {

/// type/subtype with its parameters, in lower case and without white space around the semicolons, so that two
/// spellings can be compared. Nothing if it is none, or longer than 255 bytes.
[[nodiscard]] std::optional<std::string> canonical_content_type(std::string_view text);

}  // namespace mezz::api
