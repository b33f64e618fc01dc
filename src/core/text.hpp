// Appending numbers and escaped text to a string without locale or temporary strings.
#pragma once

#include <charconv>
#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>

namespace mezz {

/// The small letter of an ASCII capital; all else as it is.
[[nodiscard]] constexpr char to_lower(char c) noexcept {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

/// Appends an integer in decimal.
template <std::integral T>
void append_number(std::string& out, T value) {
    char digits[24];
    const auto end = std::to_chars(digits, digits + sizeof digits, value).ptr;
    out.append(digits, static_cast<std::size_t>(end - digits));
}

/// Appends micros / 1,000,000 with six decimals, the form of EXTINF.
inline void append_seconds(std::string& out, std::uint64_t micros) {
    append_number(out, micros / 1000000);
    char fraction[7] = ".";
    std::uint64_t rest = micros % 1000000;
    for (int i = 6; i > 0; --i, rest /= 10)
        fraction[i] = static_cast<char>('0' + rest % 10);
    out.append(fraction, sizeof fraction);
}

/// Appends text as the value of an XML attribute in double quotes.
inline void append_xml(std::string& out, std::string_view text) {
    for (const char c : text) {
        switch (c) {
            case '&':
                out += "&amp;";
                break;
            case '<':
                out += "&lt;";
                break;
            case '>':
                out += "&gt;";
                break;
            case '"':
                out += "&quot;";
                break;
            default:
                if (static_cast<unsigned char>(c) >= 0x20) out += c;
        }
    }
}

/// Appends text as an HLS quoted-string's content (RFC 8216bis §4.2): quotes and line ends cannot be in it.
inline void append_quoted(std::string& out, std::string_view text) {
    for (const char c : text)
        out += c == '"' ? '\'' : static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
}

}  // namespace mezz
