#include "token/jwk.hpp"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/params.h>

#include <algorithm>
#include <utility>

#include "token/base64url.hpp"
#include "token/json_object.hpp"

namespace mezz::token {
namespace {

std::unexpected<Error> bad(const char* text) noexcept {
    return fail(ErrorCode::bad_media, text);
}

bool is_kid(std::string_view kid) noexcept {
    return !kid.empty() && kid.size() <= kMaxKidSize &&
           std::ranges::all_of(kid, [](char c) { return c >= ' ' && c <= '~' && c != '"' && c != '\\'; });
}

bool absent_or(const JsonField& field, std::string_view text) noexcept {
    return field.kind == JsonKind::absent || (field.kind == JsonKind::text && field.text == text);
}

struct Jwk {
    JsonField fields[6] = {{"kty"}, {"k"}, {"kid"}, {"alg"}, {"use"}, {"key_ops"}};
    JsonField& kty = fields[0];
    JsonField& k = fields[1];
    JsonField& kid = fields[2];
    JsonField& alg = fields[3];
    JsonField& use = fields[4];
    JsonField& key_ops = fields[5];

    Jwk() = default;
    Jwk(const Jwk&) = delete;
    Jwk& operator=(const Jwk&) = delete;
    ~Jwk() { OPENSSL_cleanse(k.text.data(), k.text.size()); }
};

const char* purpose_fault(const Jwk& jwk) noexcept {
    if (jwk.kty.kind != JsonKind::text || jwk.kty.text != "oct") return "jwk: kty must be \"oct\"";
    if (!absent_or(jwk.alg, "HS256")) return "jwk: alg must be \"HS256\"";
    if (!absent_or(jwk.use, "sig")) return "jwk: use must be \"sig\"";
    if (jwk.key_ops.kind == JsonKind::absent) return nullptr;
    const auto& ops = jwk.key_ops.texts;
    const bool verifies =
        jwk.key_ops.kind == JsonKind::texts && std::ranges::find(ops, "verify") != ops.end();
    return verifies ? nullptr : "jwk: key_ops must contain \"verify\"";
}

Result<Key> make_key(std::string_view kid, std::string_view k) {
    std::byte secret[kMaxSecretSize];
    if (base64url_decoded_size(k.size()) > sizeof secret) return bad("jwk: k is longer than 1024 bytes");
    const auto bytes = base64url_decode(k, secret);
    auto key = bytes ? Key::make(kid, *bytes) : bad("jwk: k is not base64url without padding");
    OPENSSL_cleanse(secret, sizeof secret);
    return key;
}

}  // namespace

Result<Key> Key::make(std::string_view kid, Bytes secret) {
    if (!is_kid(kid)) return bad("jwk: kid must be 1 to 255 printable ASCII characters without \" and \\");
    if (secret.size() < kMinSecretSize) return bad("jwk: k is shorter than 32 bytes");
    if (secret.size() > kMaxSecretSize) return bad("jwk: k is longer than 1024 bytes");

    EVP_MAC* mac = EVP_MAC_fetch(nullptr, OSSL_MAC_NAME_HMAC, nullptr);
    Context keyed(mac == nullptr ? nullptr : EVP_MAC_CTX_new(mac));
    EVP_MAC_free(mac);
    char digest[] = "SHA256";
    const OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
                                 OSSL_PARAM_construct_end()};
    const auto* bytes = reinterpret_cast<const unsigned char*>(secret.data());
    if (!keyed || EVP_MAC_init(keyed.get(), bytes, secret.size(), params) != 1) {
        return fail(ErrorCode::internal, "jwk: OpenSSL cannot prepare HMAC SHA-256");
    }
    return Key(kid, std::move(keyed));
}

Result<Hmac> Key::hmac(std::string_view text) const noexcept {
    // A copy of the keyed context costs half of keying anew, and leaves the Key const.
    const Context context(EVP_MAC_CTX_dup(keyed_.get()));
    const auto* bytes = reinterpret_cast<const unsigned char*>(text.data());
    Hmac out;
    auto* to = reinterpret_cast<unsigned char*>(out.data());
    std::size_t size = 0;
    if (!context || EVP_MAC_update(context.get(), bytes, text.size()) != 1 ||
        EVP_MAC_final(context.get(), to, &size, out.size()) != 1 || size != out.size()) {
        return fail(ErrorCode::internal, "token: OpenSSL cannot compute HMAC SHA-256");
    }
    return out;
}

Result<Key> parse_jwk(std::string_view json, std::string_view kid) {
    if (json.size() > kMaxJwkSize) return fail(ErrorCode::too_large, "jwk: larger than 8 KiB");
    Jwk jwk;
    if (!read_json_object(json, jwk.fields)) return bad("jwk: not one JSON object");
    if (const char* fault = purpose_fault(jwk)) return bad(fault);
    if (jwk.k.kind != JsonKind::text) return bad("jwk: k must be a string");
    if (jwk.kid.kind == JsonKind::absent) {
        if (kid.empty()) return bad("jwk: kid is missing");
    } else {
        if (jwk.kid.kind != JsonKind::text) return bad("jwk: kid must be a string");
        if (kid.empty()) kid = jwk.kid.text;
        if (jwk.kid.text != kid) return bad("jwk: kid differs from the configured one");
    }
    return make_key(kid, jwk.k.text);
}

}  // namespace mezz::token
