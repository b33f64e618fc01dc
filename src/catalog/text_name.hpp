// What the name of a subtitle file says of it.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace mezz::catalog {

/// Language and kind of a text track.
struct TextName {
    std::string track;     ///< {r} as wished: "subs-eng", "subs-de-forced", "subs-und"
    std::string language;  ///< see canonical_language(); empty if the name says none
    bool is_default = false;
    bool is_forced = false;
    bool is_sdh = false;
};

/// Reads names such as subs-eng.vtt, film.en.vtt, film.pt-BR.srt, film.de.forced.srt and film.en.sdh.vtt, in
/// any letter case: the language and the words "forced", "sdh", "cc" and "default" stand at the end, behind
/// dots, or behind "subs-" with '-' between them. Nothing if the name ends neither in .vtt nor in .srt.
[[nodiscard]] std::optional<TextName> read_text_name(std::string_view file_name);

}  // namespace mezz::catalog
