// Language tags in the one form in which they are compared and written.
#pragma once

#include <string>
#include <string_view>

namespace mezz {

/// A tag as RFC 5646 wants it (§2.1.1, §2.2.1, §4.5): the shortest code of the language ("eng", "ger" and
/// "deu" become "en" and "de"), no withdrawn one ("iw" becomes "he"), '-' between the parts, regions in
/// capitals and scripts with one. Empty for "und" alone. Never longer than what was given, which is not
/// checked.
[[nodiscard]] std::string canonical_language(std::string_view tag);

/// The three letters of ISO 639-2/T of a canonical tag's language: "deu" for "de" and "de-AT". Empty if the
/// language has other than two or three letters.
[[nodiscard]] std::string_view three_letter_language(std::string_view tag) noexcept;

}  // namespace mezz
