// ADTS headers for AAC frames (ISO/IEC 13818-7, 6.2; ISO/IEC 14496-3, 1.A.2.2).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "core/error.hpp"

namespace mezz::package {

inline constexpr std::size_t kAdtsHeaderSize = 7;
/// aac_frame_length has 13 bits and counts the header.
inline constexpr std::uint32_t kAdtsMaxFrame = 0x1FFF - kAdtsHeaderSize;

/// Which AAC the frames are, as an ADTS header can say it.
struct AdtsConfig {
    std::uint8_t object_type = 2;               ///< 1 to 4: Main, LC, SSR, LTP
    std::uint8_t sampling_frequency_index = 0;  ///< 0 to 12
    std::uint8_t channel_configuration = 0;     ///< 1 to 7
};

/// Errors: unsupported "ts: AAC object type", "ts: AAC sampling frequency", "ts: AAC channel configuration".
[[nodiscard]] Result<void> check_adts(const AdtsConfig& config) noexcept;

/// The header of a raw frame of `frame_size` <= kAdtsMaxFrame bytes: MPEG-4, no CRC, one raw data block.
[[nodiscard]] std::array<std::byte, kAdtsHeaderSize> adts_header(const AdtsConfig& config,
                                                                 std::uint32_t frame_size) noexcept;

}  // namespace mezz::package
