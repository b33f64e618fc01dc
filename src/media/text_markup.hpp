// Cue text of untrusted files, made into WebVTT cue text that is safe to pass on.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace mezz::media {

enum class TextSyntax : std::uint8_t { webvtt, srt };

/// UTF-8 without a byte order mark and control characters but tabs and line feeds, which end each line. Bytes
/// that are not UTF-8 and NUL become U+FFFD.
[[nodiscard]] std::string normalized_lines(std::string_view file);

/// Takes a time such as 01:02:03.004, 02:03.004 or 1:02:03,004 off `text`; milliseconds. Nothing if it
/// does not begin with one or if it is 1000 hours or more; `text` is then of no more use.
[[nodiscard]] std::optional<std::uint32_t> pop_cue_time(std::string_view& text) noexcept;

/// Those of a WebVTT cue's settings that are well-formed (vertical, line, position, size, align), with one
/// space between them. Regions are left out, as they are not passed on.
[[nodiscard]] std::string clean_settings(std::string_view settings);

/// Makes lines of a file WebVTT cue text. Tags that WebVTT knows are kept, each closed in its order; of
/// SRT's, <i>, <b> and <u>, in any letter case, are; <font> is left out. Any other '<', '>' and '&' is
/// escaped. Positions of SRT ({\an8}) are added to `settings`, other {\…} are left out. Empty if nothing is
/// to be seen. `lines` is UTF-8 with line feeds.
[[nodiscard]] std::string clean_cue_text(std::string_view lines, TextSyntax syntax, std::string& settings);

}  // namespace mezz::media
