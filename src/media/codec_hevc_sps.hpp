// The sequence parameter set of HEVC (ITU-T H.265 §7.3.2.2), as far as a packager needs it.
#pragma once

#include <cstdint>
#include <optional>

#include "core/bytes.hpp"
#include "media/codec_color.hpp"

namespace mezz::media {

struct HevcSps {
    std::optional<std::uint32_t> reordered_pictures;  ///< sps_max_num_reorder_pics of the highest sub-layer
    Color color;                                      ///< of the VUI
};

/// Parses what follows the NAL unit header. Of a broken one, what can be known is returned.
[[nodiscard]] HevcSps parse_hevc_sps(Bytes body);

}  // namespace mezz::media
