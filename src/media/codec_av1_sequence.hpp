// The sequence header of AV1 (§5.5), as far as a packager needs it.
#pragma once

#include "core/bytes.hpp"
#include "media/codec_color.hpp"

namespace mezz::media {

/// How av1C describes samples.
struct Av1Format {
    bool monochrome = false;
    bool subsampling_x = true;
    bool subsampling_y = true;
    unsigned sample_position = 0;  ///< chroma_sample_position
};

/// The colour description of a sequence_header_obu(); unspecified if it has none or is broken.
[[nodiscard]] Color read_av1_color(Bytes sequence_header) noexcept;

}  // namespace mezz::media
