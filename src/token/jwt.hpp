// JSON Web Tokens in JWS compact serialisation (RFC 7515 section 7.1, RFC 7519), HS256 only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "token/address.hpp"
#include "token/jwk.hpp"
#include "token/verdict.hpp"

namespace mezz::token {

inline constexpr std::size_t kMaxTokenSize = 8192;                ///< characters
inline constexpr std::int64_t kMaxNumericDate = 253'402'300'799;  ///< the last second of the year 9999

/// A token taken apart. The views point into the caller's token.
struct Jws {
    std::optional<std::string> kid;
    std::string_view signed_text;  ///< header and payload with the dot between, as HMAC covers them
    std::string_view payload;      ///< base64url
    std::string_view signature;    ///< base64url
};

/// The claims that Mezz uses. Times are seconds since 1970-01-01T00:00Z; a fraction of a second is cut off
/// `exp` and rounds `nbf` up, so that it never lengthens a token's life.
struct Claims {
    std::optional<std::int64_t> exp;
    std::optional<std::int64_t> nbf;
    std::string sub;
    std::string sid;
    std::vector<std::string> paths;           ///< prefixes, any of which suffices; none: every path
    std::vector<Network> networks;            ///< any of which suffices; none: from everywhere
    std::vector<std::string> countries;       ///< ISO 3166-1 alpha-2, upper case; none: in every country
    std::optional<std::uint32_t> max_height;  ///< lines of the renditions that it opens, at least 1
    bool has_scope = false;                   ///< there is a `scope` claim: a token for the API
};

/// Takes an untrusted token apart and reads its header: nothing is believed yet. `malformed` at more than
/// kMaxTokenSize characters, other than three parts, a header that is not one JSON object or has `crit`;
/// `algorithm` if `alg` is any string but "HS256". `typ` and header parameters that Mezz does not know are
/// ignored.
[[nodiscard]] std::expected<Jws, Verdict> parse_jws(std::string_view token);

/// Compares the signature, in constant time, with the one that `key` gives: `ok`, `signature`, `malformed` if
/// it is not base64url, or `internal`.
[[nodiscard]] Verdict verify_hs256(const Jws& jws, const Key& key) noexcept;

/// Reads the claims. To be called after verify_hs256. `malformed` if the payload is not one JSON object, a
/// time is not a number from 0 to kMaxNumericDate, `sub` or `sid` is not a string free of control characters,
/// `path` is not a string or an array of strings, none empty and at least one, `ip` not an address or network
/// or an array of them, at least one, `geo` not two letters or an array of such, at least one, or
/// `max_height` not a whole number from 1 to 65535.
[[nodiscard]] std::expected<Claims, Verdict> parse_claims(const Jws& jws);

/// A token over `claims_json`, which must be a JSON object, in UTF-8. It has `alg`, `typ` and the key's `kid`
/// in its header. Throws std::bad_alloc, also if OpenSSL has no memory.
[[nodiscard]] std::string sign_hs256(const Key& key, std::string_view claims_json);

}  // namespace mezz::token
