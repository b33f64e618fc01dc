// What checking a token can find.
#pragma once

#include <cstdint>
#include <string_view>

namespace mezz::token {

enum class Verdict : std::uint8_t {
    ok,
    missing,            ///< there is no token
    malformed,          ///< breaks the rules of RFC 7515, RFC 7519 or the claims that Mezz defines
    algorithm,          ///< "alg" is not HS256
    unknown_key,        ///< no key has the token's "kid", or it has none and the choice is not plain
    signature,          ///< not signed with that key
    expired,            ///< "exp" is reached
    not_yet_valid,      ///< "nbf" is not reached
    path,               ///< opens other paths than this
    ip,                 ///< may be used from other addresses than this
    geo,                ///< may be used in other countries than this
    max_height,         ///< opens renditions of fewer lines than this
    scope,              ///< for the API where playback is asked for, or the other way round
    unsupported_claim,  ///< has a claim that restricts and is not enforced
    internal,           ///< no memory
};

/// The name of a verdict as variables, metrics and logs spell it, such as "unknown-key". Static storage, and
/// a NUL follows.
[[nodiscard]] constexpr std::string_view to_text(Verdict verdict) noexcept {
    switch (verdict) {
        case Verdict::ok:
            return "ok";
        case Verdict::missing:
            return "missing";
        case Verdict::malformed:
            return "malformed";
        case Verdict::algorithm:
            return "algorithm";
        case Verdict::unknown_key:
            return "unknown-key";
        case Verdict::signature:
            return "signature";
        case Verdict::expired:
            return "expired";
        case Verdict::not_yet_valid:
            return "not-yet-valid";
        case Verdict::path:
            return "path";
        case Verdict::ip:
            return "ip";
        case Verdict::geo:
            return "geo";
        case Verdict::max_height:
            return "max-height";
        case Verdict::scope:
            return "scope";
        case Verdict::unsupported_claim:
            return "unsupported-claim";
        case Verdict::internal:
            return "internal";
    }
    return "internal";
}

}  // namespace mezz::token
