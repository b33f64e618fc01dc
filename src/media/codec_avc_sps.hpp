// The sequence parameter set of H.264 (ITU-T H.264 §7.3.2.1.1), as far as a decoder configuration needs it.
#pragma once

#include <cstdint>
#include <optional>

#include "core/bytes.hpp"

namespace mezz::media {

/// What avcC repeats of an SPS, where the profile has it.
struct AvcSampleFormat {
    bool is_high = false;  ///< the profile says what follows
    std::uint8_t chroma_format = 1;
    std::uint8_t luma_bits_minus8 = 0;
    std::uint8_t chroma_bits_minus8 = 0;
};

/// Parses what follows the NAL unit header; nullopt if it is cut off or says what cannot be.
[[nodiscard]] std::optional<AvcSampleFormat> avc_sample_format(Bytes body);

}  // namespace mezz::media
