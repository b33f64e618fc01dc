// Reading of single claims, for both kinds of tokens.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "token/address.hpp"
#include "token/json_object.hpp"

namespace mezz::token {

/// Reads members of the object in a base64url part of a token of at most kMaxTokenSize characters. False if
/// it is none; see read_json_object.
[[nodiscard]] bool read_part(std::string_view part, std::span<JsonField> fields);

// Each of these is true, and leaves `out` as it is, if the claim is absent; false if it is malformed.

/// `exp` and `nbf` (NumericDate, RFC 7519 section 2): fractions are rounded so that they never lengthen a
/// life.
[[nodiscard]] bool read_expiry(const JsonField& field, std::optional<std::int64_t>& out) noexcept;
[[nodiscard]] bool read_start(const JsonField& field, std::optional<std::int64_t>& out) noexcept;

/// A text without control characters. Takes it out of the field.
[[nodiscard]] bool read_name(JsonField& field, std::string& out) noexcept;

/// A text or a list of texts, at least one, none empty. Takes them out of the field.
[[nodiscard]] bool read_texts(JsonField& field, std::vector<std::string>& out);

/// A country's two letters (ISO 3166-1 alpha-2), or a list of them. Gives them in upper case.
[[nodiscard]] bool read_countries(JsonField& field, std::vector<std::string>& out);

/// A whole number of lines, 1 to 65535.
[[nodiscard]] bool read_height(const JsonField& field, std::optional<std::uint32_t>& out) noexcept;

/// An address or network, or a list of them.
[[nodiscard]] bool read_networks(JsonField& field, std::vector<Network>& out);

}  // namespace mezz::token
