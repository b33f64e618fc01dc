// The claims of a token for the REST API.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "token/address.hpp"
#include "token/jwt.hpp"
#include "token/verdict.hpp"

namespace mezz::token {

/// Who calls, and what they may do.
struct ApiClaims {
    std::int64_t exp = 0;  ///< seconds since 1970
    std::optional<std::int64_t> nbf;
    std::string sub;                  ///< not empty, without control characters
    std::vector<std::string> scopes;  ///< at least one; ones that Mezz does not know among them
    std::vector<Network> networks;    ///< from which it may be used; none: from everywhere
    std::string json;                 ///< all claims, as they were signed: one JSON object for the rules

    [[nodiscard]] bool has_scope(std::string_view scope) const noexcept;
};

/// The outcome of a check. The claims are the token's if its signature and form are right: with the verdicts
/// `ok`, `expired`, `not_yet_valid` and `ip`. Otherwise they are empty.
struct ApiCheck {
    Verdict verdict = Verdict::internal;
    ApiClaims claims;
};

/// Reads the claims of a token whose signature is right. `malformed` as parse_claims, and if `exp` or `sub`
/// is missing or `sub` empty, or `scope` is neither a text nor a list of texts with at least one name in it;
/// `scope` if there is no `scope`, as in playback tokens; `unsupported_claim` if one of `path`, `geo` and
/// `max_height` is there, which restrict in ways that the API does not enforce.
[[nodiscard]] std::expected<ApiClaims, Verdict> parse_api_claims(const Jws& jws);

}  // namespace mezz::token
