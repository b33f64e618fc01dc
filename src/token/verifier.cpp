#include "token/verifier.hpp"

#include <algorithm>
#include <new>
#include <utility>

namespace mezz::token {

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

Check Verifier::check(std::string_view token, std::string_view path, std::int64_t now_s) const noexcept {
    try {
        return check_or_throw(token, path, now_s);
    } catch (const std::bad_alloc&) {
        return {Verdict::internal, {}};
    }
}

Check Verifier::check_or_throw(std::string_view token, std::string_view path, std::int64_t now_s) const {
    if (token.empty()) return {Verdict::missing, {}};
    const auto jws = parse_jws(token);
    if (!jws) return {jws.error(), {}};
    const Key* key = find(*jws);
    if (key == nullptr) return {Verdict::unknown_key, {}};
    const Verdict signature = verify_hs256(*jws, *key);
    if (signature != Verdict::ok) return {signature, {}};

    auto claims = parse_claims(*jws);
    if (!claims) return {claims.error(), {}};
    if (!claims->exp) return {Verdict::malformed, {}};
    const Verdict verdict = judge(*claims, path, now_s);
    return {verdict, std::move(*claims)};
}

const Key* Verifier::find(const Jws& jws) const noexcept {
    if (!jws.kid) return keys_.size() == 1 ? &keys_.front() : nullptr;
    const auto found = std::ranges::find(keys_, *jws.kid, &Key::kid);
    return found == keys_.end() ? nullptr : &*found;
}

Verdict Verifier::judge(const Claims& claims, std::string_view path, std::int64_t now_s) const noexcept {
    if (now_s >= *claims.exp + leeway_s_) return Verdict::expired;
    if (claims.nbf && now_s < *claims.nbf - leeway_s_) return Verdict::not_yet_valid;
    const auto opens = [path](const std::string& prefix) { return path_opens(prefix, path); };
    const bool open = claims.paths.empty() || std::ranges::any_of(claims.paths, opens);
    return open ? Verdict::ok : Verdict::path;
}

}  // namespace mezz::token
