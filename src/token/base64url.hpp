// base64url without padding (RFC 4648 section 5 as profiled by RFC 7515 section 2), strict.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "core/bytes.hpp"

namespace mezz::token {

/// The size in bytes of what `length` characters decode to. Meaningless for the impossible lengths 4n + 1.
[[nodiscard]] constexpr std::size_t base64url_decoded_size(std::size_t length) noexcept {
    return length / 4 * 3 + length % 4 * 3 / 4;
}

/// Decodes `text` into the front of `out`, which the caller owns, and returns the part written. Nothing is
/// returned for a character outside the alphabet (padding and white space included), for a length that no
/// bytes encode to, for non-zero bits after the last byte, or if `out` is too small. So each byte string has
/// exactly one accepted text.
[[nodiscard]] std::optional<Bytes> base64url_decode(std::string_view text, std::span<std::byte> out) noexcept;

/// The text of `bytes`, without padding.
[[nodiscard]] std::string base64url_encode(Bytes bytes);

}  // namespace mezz::token
