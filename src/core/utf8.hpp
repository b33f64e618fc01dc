// Checking of UTF-8 (RFC 3629).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace mezz {

/// Takes the first code point off `text`. Nothing if it does not begin with a well-formed one: overlong
/// forms, surrogates and values above U+10FFFF are refused; `text` is then unchanged.
[[nodiscard]] constexpr std::optional<char32_t> pop_code_point(std::string_view& text) noexcept {
    if (text.empty()) return std::nullopt;
    const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(text[i]); };
    const std::uint8_t lead = byte(0);
    const std::size_t size = lead < 0x80 ? 1 : lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : lead >= 0xC2 ? 2 : 0;
    if (size == 0 || lead > 0xF4 || text.size() < size) return std::nullopt;
    char32_t code = size == 1 ? lead : lead & (0x7FU >> size);
    for (std::size_t i = 1; i < size; ++i) {
        if ((byte(i) & 0xC0U) != 0x80U) return std::nullopt;
        code = code << 6 | (byte(i) & 0x3FU);
    }
    constexpr char32_t kSmallest[] = {0, 0, 0x80, 0x800, 0x10000};
    if (code < kSmallest[size] || code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF)) return std::nullopt;
    text.remove_prefix(size);
    return code;
}

/// The number of code points in `text`; nothing if it is not UTF-8.
[[nodiscard]] constexpr std::optional<std::size_t> count_code_points(std::string_view text) noexcept {
    std::size_t count = 0;
    for (; !text.empty(); ++count)
        if (!pop_code_point(text)) return std::nullopt;
    return count;
}

/// True for what moves the cursor or ends a line instead of showing something: C0, DEL, C1 and the line and
/// paragraph separators. Marks of direction are not among them.
[[nodiscard]] constexpr bool is_control(char32_t code) noexcept {
    return code < 0x20 || (code >= 0x7F && code <= 0x9F) || code == 0x2028 || code == 0x2029;
}

}  // namespace mezz
