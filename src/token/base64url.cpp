#include "token/base64url.hpp"

#include <array>
#include <cstdint>

namespace mezz::token {
namespace {

constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr std::uint8_t kInvalid = 0xFF;

constexpr auto kValues = [] {
    std::array<std::uint8_t, 256> values{};
    values.fill(kInvalid);
    for (std::size_t i = 0; i < kAlphabet.size(); ++i) {
        values[static_cast<unsigned char>(kAlphabet[i])] = static_cast<std::uint8_t>(i);
    }
    return values;
}();

}  // namespace

std::optional<Bytes> base64url_decode(std::string_view text, std::span<std::byte> out) noexcept {
    const std::size_t size = base64url_decoded_size(text.size());
    if (text.size() % 4 == 1 || size > out.size()) return std::nullopt;

    std::uint32_t bits = 0;
    unsigned held = 0;
    std::size_t written = 0;
    for (const char c : text) {
        const std::uint8_t value = kValues[static_cast<unsigned char>(c)];
        if (value == kInvalid) return std::nullopt;
        bits = bits << 6 | value;
        held += 6;
        if (held >= 8) {
            held -= 8;
            out[written++] = static_cast<std::byte>(bits >> held & 0xFF);
            bits &= (1U << held) - 1;
        }
    }
    if (bits != 0) return std::nullopt;
    return Bytes(out.first(written));
}

std::string base64url_encode(Bytes bytes) {
    std::string text;
    text.reserve((bytes.size() * 4 + 2) / 3);
    std::uint32_t bits = 0;
    unsigned held = 0;
    for (const std::byte b : bytes) {
        bits = bits << 8 | std::to_integer<std::uint32_t>(b);
        held += 8;
        while (held >= 6) {
            held -= 6;
            text.push_back(kAlphabet[bits >> held & 0x3F]);
        }
        bits &= (1U << held) - 1;
    }
    if (held > 0) text.push_back(kAlphabet[bits << (6 - held) & 0x3F]);
    return text;
}

}  // namespace mezz::token
