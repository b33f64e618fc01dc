// The sequence parameter set of HEVC (ITU-T H.265 §7.3.2.2), as far as a packager needs it.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "core/bytes.hpp"
#include "media/codec_color.hpp"

namespace mezz::media {

/// What hvcC repeats of an SPS.
struct HevcSampleFormat {
    std::array<std::byte, 12> profile{};  ///< general profile, tier, constraints and level
    std::uint8_t sub_layers_minus1 = 0;
    bool nested = false;  ///< sps_temporal_id_nesting_flag
    std::uint8_t chroma_format = 1;
    std::uint8_t luma_bits_minus8 = 0;
    std::uint8_t chroma_bits_minus8 = 0;
};

struct HevcSps {
    std::optional<HevcSampleFormat> format;
    std::optional<std::uint32_t> reordered_pictures;  ///< sps_max_num_reorder_pics of the highest sub-layer
    Color color;                                      ///< of the VUI
};

/// Parses what follows the NAL unit header. Of a broken one, what can be known is returned.
[[nodiscard]] HevcSps parse_hevc_sps(Bytes body);

}  // namespace mezz::media
