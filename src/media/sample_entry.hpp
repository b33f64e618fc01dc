// The sample description (ISO/IEC 14496-12 §8.5.2; 14496-14 §5.6; 14496-15 §5.4).
#pragma once

#include "media/box.hpp"
#include "media/movie.hpp"

namespace mezz::media {

/// Reads codec, dimensions and configuration from the first sample entry of `stsd` into `track`; spans point
/// into the box. False if the codec is one that is not packaged.
[[nodiscard]] Result<bool> read_sample_entry(const Box& stbl, MovieTrack& track);

}  // namespace mezz::media
