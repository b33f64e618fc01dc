// The check of tokens against a request.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "core/error.hpp"
#include "token/api_claims.hpp"
#include "token/jwk.hpp"
#include "token/jwt.hpp"
#include "token/verdict.hpp"

namespace mezz::token {

inline constexpr std::int64_t kMaxLeeway = 3600;  ///< seconds

/// The outcome of a check. The claims are the token's if its signature and form are right: with the verdicts
/// `ok`, `scope`, `unsupported_claim`, `expired`, `not_yet_valid`, `ip`, `geo` and `path`. Otherwise they are
/// empty.
struct Check {
    Verdict verdict = Verdict::internal;
    Claims claims;
};

/// True if `prefix`, as a token's `path` claim gives it, opens the normalised URI path `path`: they are
/// equal, or the prefix ends where a component of `path` does. One slash at the end of the prefix changes
/// nothing, so "/v/abc" and
/// "/v/abc/" open "/v/abc" and "/v/abc/x", not "/v/abcd"; "/" opens everything. Letter case counts.
[[nodiscard]] bool path_opens(std::string_view prefix, std::string_view path) noexcept;

/// Checks tokens with the keys given to it, which it owns. Move only. Checks may run in several
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

    /// The keys in the order they were added.
    [[nodiscard]] std::span<const Key> keys() const noexcept { return keys_; }

    /// Whether `token`, untrusted, opens `path`, the request's normalised URI path without the query, at
    /// `now_s`, in seconds since 1970, to the address `client` (as text; see parse_address). The key is the
    /// one named by the token's kid, or the only key if the token names none. The signature comes first; then
    /// the form of the claims, among which `exp` is required; then whether it is a playback token all of
    /// whose claims can be judged; then `exp`, `nbf`, `ip`, `geo`, `path`. A client without an address, such
    /// as one on a Unix socket, is refused by any `ip`. `country` is the client's, as two letters of any case
    /// or empty if it is not known, which any `geo` refuses; nullopt if nobody tells, and then a token with
    /// `geo` is `unsupported_claim`. What `max_height` limits is the caller's to judge.
    [[nodiscard]] Check check(std::string_view token, std::string_view path, std::string_view client,
                              std::int64_t now_s,
                              std::optional<std::string_view> country = std::nullopt) const noexcept;

    /// The first half of check: the claims of a token whose signature and form are right, as long as the keys
    /// are the same. Throws std::bad_alloc only.
    [[nodiscard]] std::expected<Claims, Verdict> read(std::string_view token) const;

    /// The second half of check: what claims that read() gave allow.
    [[nodiscard]] Verdict judge(const Claims& claims, std::string_view path, std::string_view client,
                                std::int64_t now_s,
                                std::optional<std::string_view> country = std::nullopt) const noexcept;

    /// Whether `token`, untrusted, is one for the API, at `now_s` and from `client`; the rules for its key
    /// and signature are those of check. Then come the form of the claims (see parse_api_claims), `exp`,
    /// `nbf` and `ip`. What its scopes allow is the caller's to judge.
    [[nodiscard]] ApiCheck check_api_token(std::string_view token, std::string_view client,
                                           std::int64_t now_s) const noexcept;

private:
    [[nodiscard]] std::expected<Jws, Verdict> believe(std::string_view token) const;
    [[nodiscard]] const Key* find(const Jws& jws) const noexcept;
    [[nodiscard]] Verdict judge_time(std::int64_t exp, std::optional<std::int64_t> nbf,
                                     std::int64_t now_s) const noexcept;

    std::vector<Key> keys_;
    std::int64_t leeway_s_ = 0;
};

}  // namespace mezz::token
