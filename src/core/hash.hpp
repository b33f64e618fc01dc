// A hash for names and keys; not for secrets.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace mezz {

/// FNV-1a with 64 bits: the same on every machine.
[[nodiscard]] constexpr std::uint64_t hash_of(std::string_view text) noexcept {
    std::uint64_t hash = 0xCBF29CE484222325;
    for (const char c : text)
        hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001B3;
    return hash;
}

/// A hash as 16 hexadecimal digits.
[[nodiscard]] inline std::string to_hex(std::uint64_t hash) {
    std::string digits(16, '0');
    for (std::size_t i = digits.size(); i-- > 0; hash >>= 4)
        digits[i] = "0123456789abcdef"[hash & 15U];
    return digits;
}

}  // namespace mezz
