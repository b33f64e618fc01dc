// The check of FLAC, AC-3 and E-AC-3.
#pragma once

#include <cstdint>

#include "core/bytes.hpp"

namespace mezz {

inline constexpr std::uint16_t kCrc16 = 0x8005;  ///< x¹⁶ + x¹⁵ + x² + 1, without x¹⁶

/// The remainder of bytes, most significant bit first, from 0 on (RFC 9639 §9.3, ETSI TS 102 366 §6.10.1).
[[nodiscard]] constexpr std::uint16_t crc16(Bytes bytes) noexcept {
    std::uint32_t crc = 0;
    for (const std::byte b : bytes) {
        crc ^= std::to_integer<std::uint32_t>(b) << 8;
        for (int i = 0; i < 8; ++i)
            crc = crc << 1 ^ ((crc & 0x8000U) != 0 ? 0x10000U | kCrc16 : 0U);
    }
    return static_cast<std::uint16_t>(crc);
}

}  // namespace mezz
