#include "token/jwt.hpp"

#include <openssl/crypto.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <new>
#include <span>
#include <utility>

#include "token/base64url.hpp"
#include "token/json_object.hpp"

namespace mezz::token {
namespace {

constexpr auto kMalformed = std::unexpected(Verdict::malformed);

bool read_part(std::string_view part, std::span<JsonField> fields) {
    std::array<std::byte, base64url_decoded_size(kMaxTokenSize)> buffer;
    const auto json = base64url_decode(part, buffer);
    return json && read_json_object(as_text(*json), fields);
}

// RFC 7519 section 2, NumericDate.
bool read_time(const JsonField& field, double (*round)(double), std::optional<std::int64_t>& out) noexcept {
    if (field.kind == JsonKind::absent) return true;
    if (field.kind != JsonKind::number || !(field.number >= 0)) return false;
    const double whole = round(field.number);
    if (whole > static_cast<double>(kMaxNumericDate)) return false;
    out = static_cast<std::int64_t>(whole);
    return true;
}

// Operators put these claims into log lines and header fields, where a control character could forge another.
bool read_name(JsonField& field, std::string& out) noexcept {
    if (field.kind == JsonKind::absent) return true;
    const auto is_control = [](char c) { return (c >= 0 && c < ' ') || c == '\x7F'; };
    if (field.kind != JsonKind::text || std::ranges::any_of(field.text, is_control)) return false;
    out = std::move(field.text);
    return true;
}

bool read_paths(JsonField& field, std::vector<std::string>& out) {
    if (field.kind == JsonKind::absent) return true;
    if (field.kind == JsonKind::text)
        out.push_back(std::move(field.text));
    else if (field.kind == JsonKind::texts)
        out = std::move(field.texts);
    return !out.empty() && std::ranges::none_of(out, &std::string::empty);
}

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
    JsonField fields[] = {{"exp"}, {"nbf"}, {"sub"}, {"sid"}, {"path"}};
    auto& [exp, nbf, sub, sid, path] = fields;
    Claims claims;
    if (!read_part(jws.payload, fields) || !read_time(exp, std::floor, claims.exp) ||
        !read_time(nbf, std::ceil, claims.nbf) || !read_name(sub, claims.sub) ||
        !read_name(sid, claims.sid) || !read_paths(path, claims.paths)) {
        return kMalformed;
    }
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
