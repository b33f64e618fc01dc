// Languages as files name them, and as players want them.
#pragma once

#include <string>
#include <string_view>

namespace mezz::worker {

struct Language {
    std::string code;  ///< ISO 639-2/T, three letters; "und" if unknown: for rendition names and mdhd
    std::string tag;   ///< BCP 47, see canonical_language(); empty if unknown
    std::string name;  ///< English; empty if unknown
};

/// What a file's metadata ("eng", "ger", "de", "pt-BR") means.
[[nodiscard]] Language language_of(std::string_view text);

}  // namespace mezz::worker
