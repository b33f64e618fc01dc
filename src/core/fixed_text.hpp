// Texts in records of fixed size, which end with NUL.
#pragma once

#include <algorithm>
#include <array>
#include <string_view>

namespace mezz {

/// Copies a text. What does not fit is cut off, between two characters of UTF-8.
template <std::size_t N>
void assign(std::array<char, N>& to, std::string_view text) noexcept {
    std::size_t size = std::min(text.size(), N - 1);
    while (size < text.size() && size > 0 && (static_cast<unsigned char>(text[size]) & 0xC0U) == 0x80U)
        --size;
    to = {};
    std::ranges::copy(text.substr(0, size), to.begin());
}

}  // namespace mezz
