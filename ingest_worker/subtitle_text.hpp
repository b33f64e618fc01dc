// The text of a subtitle event, from the ASS that libavcodec's decoders give to WebVTT.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace mezz::worker {

/// The cue text of an ASS event ("ReadOrder,Layer,Style,Name,MarginL,MarginR,MarginV,Effect,Text"): italics,
/// bold and underline are kept, all other styling is left out, characters that WebVTT reserves are escaped.
[[nodiscard]] std::string cue_text(std::string_view ass_event);

/// "00:01:02.345".
[[nodiscard]] std::string cue_time(std::int64_t ms);

}  // namespace mezz::worker
