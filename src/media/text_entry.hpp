// Sample entries of text: tx3g (3GPP TS 26.245 §5.16) and wvtt (ISO/IEC 14496-30 §7.5).
#pragma once

#include "media/box.hpp"
#include "media/movie.hpp"

namespace mezz::media {

/// Reads codec and format from the first sample entry of `stsd` into `track`. False if it is no text that is
/// packaged.
[[nodiscard]] Result<bool> read_text_entry(const Box& stbl, MovieTrack& track);

}  // namespace mezz::media
