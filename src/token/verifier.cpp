#include "token/verifier.hpp"

#include <algorithm>
#include <new>
#include <utility>

namespace mezz::token {
namespace {

bool is_from(std::span<const Network> networks, std::string_view client) noexcept {
    if (networks.empty()) return true;
    const auto address = parse_address(client);
    return address &&
           std::ranges::any_of(networks, [&](const Network& network) { return contains(network, *address); });
}

bool is_same_letter(char a, char b) noexcept {
    const auto upper = [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; };
    return upper(a) == upper(b);
}

bool is_in(std::span<const std::string> countries, std::string_view country) noexcept {
    return countries.empty() || std::ranges::any_of(countries, [country](const std::string& one) {
               return std::ranges::equal(one, country, is_same_letter);
           });
}

}  // namespace

bool path_opens(std::string_view prefix, std::string_view path) noexcept {
    if (prefix.empty()) return false;
    if (prefix.ends_with('/')) prefix.remove_suffix(1);
    if (!path.starts_with(prefix)) return false;
    return path.size() == prefix.size() ? !path.empty() : path[prefix.size()] == '/';
}

void Verifier::set_leeway(std::int64_t seconds) noexcept {
    leeway_s_ = std::clamp(seconds, std::int64_t{0}, kMaxLeeway);
}

Result<void> Verifier::add(Key key) {
    if (std::ranges::find(keys_, key.kid(), &Key::kid) != keys_.end()) {
        return fail(ErrorCode::bad_media, "token: two keys have the same kid");
    }
    keys_.push_back(std::move(key));
    return {};
}

Check Verifier::check(std::string_view token, std::string_view path, std::string_view client,
                      std::int64_t now_s, std::optional<std::string_view> country) const noexcept {
    try {
        auto claims = read(token);
        if (!claims) return {claims.error(), {}};
        const Verdict verdict = judge(*claims, path, client, now_s, country);
        return {verdict, std::move(*claims)};
    } catch (const std::bad_alloc&) {
        return {Verdict::internal, {}};
    }
}

std::expected<Claims, Verdict> Verifier::read(std::string_view token) const {
    const auto jws = believe(token);
    if (!jws) return std::unexpected(jws.error());
    auto claims = parse_claims(*jws);
    if (claims && !claims->exp) return std::unexpected(Verdict::malformed);
    return claims;
}

ApiCheck Verifier::check_api_token(std::string_view token, std::string_view client,
                                   std::int64_t now_s) const noexcept {
    try {
        const auto jws = believe(token);
        if (!jws) return {jws.error(), {}};
        auto claims = parse_api_claims(*jws);
        if (!claims) return {claims.error(), {}};
        Verdict verdict = judge_time(claims->exp, claims->nbf, now_s);
        if (verdict == Verdict::ok && !is_from(claims->networks, client)) verdict = Verdict::ip;
        return {verdict, std::move(*claims)};
    } catch (const std::bad_alloc&) {
        return {Verdict::internal, {}};
    }
}

// Takes a token apart and checks its signature.
std::expected<Jws, Verdict> Verifier::believe(std::string_view token) const {
    if (token.empty()) return std::unexpected(Verdict::missing);
    auto jws = parse_jws(token);
    if (!jws) return jws;
    const Key* key = find(*jws);
    if (key == nullptr) return std::unexpected(Verdict::unknown_key);
    const Verdict signature = verify_hs256(*jws, *key);
    if (signature != Verdict::ok) return std::unexpected(signature);
    return jws;
}

const Key* Verifier::find(const Jws& jws) const noexcept {
    if (!jws.kid) return keys_.size() == 1 ? &keys_.front() : nullptr;
    const auto found = std::ranges::find(keys_, *jws.kid, &Key::kid);
    return found == keys_.end() ? nullptr : &*found;
}

Verdict Verifier::judge_time(std::int64_t exp, std::optional<std::int64_t> nbf,
                             std::int64_t now_s) const noexcept {
    if (now_s >= exp + leeway_s_) return Verdict::expired;
    if (nbf && now_s < *nbf - leeway_s_) return Verdict::not_yet_valid;
    return Verdict::ok;
}

Verdict Verifier::judge(const Claims& claims, std::string_view path, std::string_view client,
                        std::int64_t now_s, std::optional<std::string_view> country) const noexcept {
    if (claims.has_scope) return Verdict::scope;
    if (!claims.countries.empty() && !country) return Verdict::unsupported_claim;
    const Verdict time = judge_time(*claims.exp, claims.nbf, now_s);
    if (time != Verdict::ok) return time;
    if (!is_from(claims.networks, client)) return Verdict::ip;
    if (!is_in(claims.countries, country.value_or(""))) return Verdict::geo;
    const auto opens = [path](const std::string& prefix) { return path_opens(prefix, path); };
    const bool open = claims.paths.empty() || std::ranges::any_of(claims.paths, opens);
    return open ? Verdict::ok : Verdict::path;
}

}  // namespace mezz::token
