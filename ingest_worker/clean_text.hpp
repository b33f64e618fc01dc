// Texts from libraries, made fit for a database.
#pragma once

#include <string>
#include <string_view>

namespace mezz::worker {

/// The text as valid UTF-8 without NUL bytes; what is neither becomes U+FFFD.
[[nodiscard]] std::string clean_text(std::string_view text);

}  // namespace mezz::worker
