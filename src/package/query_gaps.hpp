// A playlist or manifest that is kept without the query behind its URIs: one text for all viewers.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/bytes.hpp"

namespace mezz::package {

/// Stands for the query while the text to be kept is written; a text that has it anyway cannot be kept.
inline constexpr std::string_view kQueryMark = "\x7F";

/// A block of bytes for a text in which kQueryMark stands where the query goes. Texts over 4 GiB are no
/// texts.
[[nodiscard]] std::vector<std::byte> pack_text(std::string_view marked);

/// The text of a block that pack_text() made, trusted, with `query` in its gaps.
[[nodiscard]] std::string fill_text(Bytes block, std::string_view query);

}  // namespace mezz::package
