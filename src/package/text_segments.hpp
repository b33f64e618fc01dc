// Text tracks for players: WebVTT (W3C), whole or in segments (RFC 8216bis §3.1.4).
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "media/text_index.hpp"
#include "package/clip.hpp"
#include "package/title.hpp"

namespace mezz::package {

/// The clock of the segments that a text track is shown with: TS begins at 10 s, fMP4 at the presentation's
/// 0.
enum class TextClock : std::uint8_t { ts, presentation };

/// Appends a text track as one WebVTT file; of a clip the cues shown in it, on a clock that begins with it,
/// and cut where it begins and ends.
void write_text_file(const media::TextIndexView& index, std::string& out,
                     const std::optional<Clip>& clip = {});

/// Appends segment n of a text track, which covers the same time as the segments n of the title: all cues
/// shown in it, with the times that they have as a whole, under a header that says what they are on that
/// clock. n < title.segment_count().
void write_text_segment(const media::TextIndexView& index, const TitleView& title, std::uint32_t n,
                        TextClock clock, std::string& out);

/// Bit rates of all segments, without the headers that HTTP adds.
[[nodiscard]] BitRate text_bit_rate(const media::TextIndexView& index,
                                    std::span<const std::int64_t> boundaries, std::uint32_t timescale);

}  // namespace mezz::package
