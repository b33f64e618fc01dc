// The check of a playback token against a request.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "core/error.hpp"
#include "token/jwk.hpp"
#include "token/jwt.hpp"
#include "token/verdict.hpp"

namespace mezz::token {

inline constexpr std::int64_t kMaxLeeway = 3600;  ///< seconds

/// The outcome of a check. The claims are the token's if its signature and form are right: with the verdicts
/// `ok`, `expired`, `not_yet_valid` and `path`. Otherwise they are empty.
struct Check {
    Verdict verdict = Verdict::internal;
    Claims claims;
};

/// True if `prefix`, as a token's `path` claim gives it, opens the normalised URI path `path`: they are
/// equal, or the prefix ends where a component of `path` does. One slash at the end of the prefix changes
/// nothing, so "/v/abc" and
/// "/v/abc/" open "/v/abc" and "/v/abc/x", not "/v/abcd"; "/" opens everything. Letter case counts.
[[nodiscard]] bool path_opens(std::string_view prefix, std::string_view path) noexcept;

/// Checks playback tokens with the keys given to it, which it owns. Move only. Checks may run in several
/// threads.
class Verifier {
public:
    /// `leeway_s` is how far, in seconds, the clocks of signer and verifier may differ; see set_leeway.
    explicit Verifier(std::int64_t leeway_s = 0) noexcept { set_leeway(leeway_s); }

    /// Takes 0 to kMaxLeeway seconds; what lies outside is clamped.
    void set_leeway(std::int64_t seconds) noexcept;

    /// Adds a key. Refused if a key with the same kid was added before.
    [[nodiscard]] Result<void> add(Key key);

    [[nodiscard]] bool empty() const noexcept { return keys_.empty(); }

    /// Whether `token`, untrusted, opens `path`, the request's normalised URI path without the query, at
    /// `now_s`, in seconds since 1970. The key is the one named by the token's kid, or the only key if the
    /// token names none. The signature comes first; then the form of the claims, among which `exp` is
    /// required; then `exp`, `nbf`, `path`.
    [[nodiscard]] Check check(std::string_view token, std::string_view path,
                              std::int64_t now_s) const noexcept;

private:
    [[nodiscard]] const Key* find(const Jws& jws) const noexcept;
    [[nodiscard]] Check check_or_throw(std::string_view token, std::string_view path,
                                       std::int64_t now_s) const;
    [[nodiscard]] Verdict judge(const Claims& claims, std::string_view path,
                                std::int64_t now_s) const noexcept;

    std::vector<Key> keys_;
    std::int64_t leeway_s_ = 0;
};

}  // namespace mezz::token
