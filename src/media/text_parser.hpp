// Reads WebVTT (W3C) and SubRip (SRT) files, which nobody has checked.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "core/error.hpp"
#include "media/text_index.hpp"

namespace mezz::media {

inline constexpr std::size_t kLargestTextFile = 16 << 20;  ///< bytes
inline constexpr std::size_t kMostCues = 100000;
inline constexpr std::size_t kLongestCue = 16 << 10;  ///< bytes of a cue's text

/// The cues of a file in the order in which they stand: WebVTT if it begins with WEBVTT, else SRT. What
/// cannot be used is left out: cues without text, of over 16 KiB or with times that are none, of 1000
/// hours or more, or not in order; identifiers, notes, styles and regions. Bytes that are not UTF-8 and NUL
/// become U+FFFD. Fails with too_large over kLargestTextFile or kMostCues, with bad_media if the file is
/// neither WebVTT nor has a single SRT cue.
[[nodiscard]] Result<std::vector<Cue>> parse_text_file(std::string_view file);

/// The same, as a block that TextIndexView reads.
[[nodiscard]] Result<std::vector<std::byte>> index_text_file(std::string_view file);

}  // namespace mezz::media
