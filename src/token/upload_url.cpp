#include "token/upload_url.hpp"

#include <openssl/crypto.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <new>
#include <optional>
#include <utility>

#include "core/percent.hpp"
#include "core/text.hpp"
#include "token/base64url.hpp"

namespace mezz::token {
namespace {

constexpr auto kMalformed = std::unexpected(Verdict::malformed);
constexpr std::array<std::string_view, 5> kNames = {"filename", "size", "content_type", "expires",
                                                    "signature"};

void append_sized(std::string& out, std::string_view text) {
    append_number(out, text.size());
    out += ':';
    out += text;
    out += '\n';
}

// What is signed. Neither a JWT nor anything else that is signed with these keys begins so, and the sizes
// keep one field from reaching into the next.
std::string canonical_text(const UploadGrant& grant) {
    std::string text = "mezz upload 1\nPUT\n";
    append_sized(text, grant.upload_id);
    append_sized(text, grant.filename);
    append_sized(text, grant.content_type);
    append_number(text, grant.size);
    text += '\n';
    append_number(text, grant.expires);
    return text;
}

template <std::integral T>
bool read_decimal(std::string_view text, T& out) noexcept {
    if (text.empty() || text[0] == '-' || (text.size() > 1 && text[0] == '0')) return false;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
    return error == std::errc() && end == text.data() + text.size();
}

// The decoded values in the order of kNames; nothing unless each is there once.
std::optional<std::array<std::string, kNames.size()>> read_arguments(std::string_view query) {
    std::array<std::optional<std::string>, kNames.size()> found;
    for (bool more = true; more;) {
        const std::size_t end = query.find('&');
        const std::string_view argument = query.substr(0, end);
        more = end != std::string_view::npos;
        if (more) query.remove_prefix(end + 1);
        const std::size_t equals = argument.find('=');
        const auto name = std::ranges::find(kNames, argument.substr(0, equals));
        if (equals == std::string_view::npos || name == kNames.end()) return std::nullopt;
        auto& slot = found[static_cast<std::size_t>(name - kNames.begin())];
        const std::string_view value = argument.substr(equals + 1);
        if (slot || !std::ranges::all_of(value, [](char c) { return is_unreserved(c) || c == '%'; }))
            return std::nullopt;
        slot = percent_decoded(value);
        if (!slot) return std::nullopt;
    }
    std::array<std::string, kNames.size()> values;
    for (std::size_t i = 0; i < values.size(); ++i) {
        if (!found[i]) return std::nullopt;
        values[i] = std::move(*found[i]);
    }
    return values;
}

Verdict check_signature(std::span<const Key> keys, const UploadGrant& grant, std::string_view signature) {
    Hmac buffer;
    const auto given = base64url_decode(signature, buffer);
    if (!given || given->size() != buffer.size()) return Verdict::signature;
    const std::string text = canonical_text(grant);
    for (const Key& key : keys) {
        const auto right = key.hmac(text);
        if (!right) return Verdict::internal;
        if (CRYPTO_memcmp(given->data(), right->data(), right->size()) == 0) return Verdict::ok;
    }
    return Verdict::signature;
}

}  // namespace

std::string sign_upload(const Key& key, const UploadGrant& grant) {
    const auto mac = key.hmac(canonical_text(grant));
    if (!mac) throw std::bad_alloc();
    std::string query = "filename=";
    append_percent_encoded(query, grant.filename);
    query += "&size=";
    append_number(query, grant.size);
    query += "&content_type=";
    append_percent_encoded(query, grant.content_type);
    query += "&expires=";
    append_number(query, grant.expires);
    query += "&signature=";
    query += base64url_encode(*mac);
    return query;
}

std::expected<UploadGrant, Verdict> verify_upload(std::span<const Key> keys, std::string_view upload_id,
                                                  std::string_view query, std::int64_t now_s) {
    if (query.empty()) return std::unexpected(Verdict::missing);
    if (query.size() > kMaxUploadQuery) return kMalformed;
    auto values = read_arguments(query);
    if (!values) return kMalformed;
    auto& [filename, size, content_type, expires, signature] = *values;
    UploadGrant grant{.upload_id = std::string(upload_id),
                      .filename = std::move(filename),
                      .content_type = std::move(content_type)};
    if (!read_decimal(size, grant.size) || !read_decimal(expires, grant.expires)) return kMalformed;
    const Verdict verdict = check_signature(keys, grant, signature);
    if (verdict != Verdict::ok) return std::unexpected(verdict);
    if (now_s >= grant.expires) return std::unexpected(Verdict::expired);
    return grant;
}

}  // namespace mezz::token
