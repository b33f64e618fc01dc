#include "token/jwt.hpp"

#include <openssl/crypto.h>

#include <algorithm>
#include <array>
#include <new>
#include <span>
#include <utility>

#include "token/base64url.hpp"
#include "token/claim_readers.hpp"

namespace mezz::token {
namespace {

constexpr auto kMalformed = std::unexpected(Verdict::malformed);

}  // namespace

std::expected<Jws, Verdict> parse_jws(std::string_view token) {
    if (token.size() > kMaxTokenSize || std::ranges::count(token, '.') != 2) return kMalformed;
    const std::size_t first = token.find('.');
    const std::size_t second = token.rfind('.');

    JsonField fields[] = {{"alg"}, {"kid"}, {"crit"}};
    auto& [alg, kid, crit] = fields;
    if (!read_part(token.substr(0, first), fields)) return kMalformed;
    if (alg.kind != JsonKind::text || crit.kind != JsonKind::absent) return kMalformed;
    if (alg.text != "HS256") return std::unexpected(Verdict::algorithm);

    Jws jws{.kid = {},
            .signed_text = token.substr(0, second),
            .payload = token.substr(first + 1, second - first - 1),
            .signature = token.substr(second + 1)};
    if (kid.kind == JsonKind::text)
        jws.kid = std::move(kid.text);
    else if (kid.kind != JsonKind::absent)
        return kMalformed;
    return jws;
}

Verdict verify_hs256(const Jws& jws, const Key& key) noexcept {
    std::array<std::byte, base64url_decoded_size(kMaxTokenSize)> buffer;
    const auto given = base64url_decode(jws.signature, buffer);
    if (!given) return Verdict::malformed;
    const auto right = key.hmac(jws.signed_text);
    if (!right) return Verdict::internal;
    const bool same =
        given->size() == right->size() && CRYPTO_memcmp(given->data(), right->data(), right->size()) == 0;
    return same ? Verdict::ok : Verdict::signature;
}

std::expected<Claims, Verdict> parse_claims(const Jws& jws) {
    JsonField fields[] = {{"exp"}, {"nbf"},   {"sub"}, {"sid"},       {"path"},
                          {"ip"},  {"scope"}, {"geo"}, {"max_height"}};
    auto& [exp, nbf, sub, sid, path, ip, scope, geo, max_height] = fields;
    Claims claims;
    if (!read_part(jws.payload, fields) || !read_expiry(exp, claims.exp) || !read_start(nbf, claims.nbf) ||
        !read_name(sub, claims.sub) || !read_name(sid, claims.sid) || !read_texts(path, claims.paths) ||
        !read_networks(ip, claims.networks) || !read_countries(geo, claims.countries) ||
        !read_height(max_height, claims.max_height)) {
        return kMalformed;
    }
    claims.has_scope = scope.kind != JsonKind::absent;
    return claims;
}

std::string sign_hs256(const Key& key, std::string_view claims_json) {
    std::string token =
        base64url_encode(as_bytes(R"({"alg":"HS256","typ":"JWT","kid":")" + key.kid() + "\"}"));
    token += '.';
    token += base64url_encode(as_bytes(claims_json));
    const auto mac = key.hmac(token);
    if (!mac) throw std::bad_alloc();
    token += '.';
    token += base64url_encode(*mac);
    return token;
}

}  // namespace mezz::token
