// The sample description (ISO/IEC 14496-12 §8.5.2; 14496-14 §5.6; 14496-15 §5.4).
#pragma once

#include "media/box.hpp"
#include "media/movie.hpp"

namespace mezz::media {

/// Reads codec, dimensions and configuration into `track` from the sample entry of `stsd` that the samples
/// have; spans point into the box. `extends_description` is the one that fragments have, 0 if there are none.
/// False if the codec is one that is not packaged. Fails with unsupported if samples have entries that
/// differ.
[[nodiscard]] Result<bool> read_sample_entry(const Box& stbl, std::uint32_t extends_description,
                                             MovieTrack& track);

}  // namespace mezz::media
