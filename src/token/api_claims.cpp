#include "token/api_claims.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "token/base64url.hpp"
#include "token/claim_readers.hpp"

namespace mezz::token {
namespace {

constexpr auto kMalformed = std::unexpected(Verdict::malformed);

// RFC 6749 section 3.3: printable ASCII without the double quote and the backslash.
bool is_scope(std::string_view name) noexcept {
    return !name.empty() &&
           std::ranges::all_of(name, [](char c) { return c > ' ' && c <= '~' && c != '"' && c != '\\'; });
}

bool read_scopes(JsonField& field, std::vector<std::string>& out) {
    if (field.kind == JsonKind::texts) {
        out = std::move(field.texts);
        return !out.empty() && std::ranges::all_of(out, is_scope);
    }
    if (field.kind != JsonKind::text) return false;
    for (std::string_view rest = field.text; !rest.empty();) {
        const std::size_t space = rest.find(' ');
        const std::string_view name = rest.substr(0, space);
        rest.remove_prefix(space == std::string_view::npos ? rest.size() : space + 1);
        if (name.empty()) continue;
        if (!is_scope(name)) return false;
        out.emplace_back(name);
    }
    return !out.empty();
}

}  // namespace

bool ApiClaims::has_scope(std::string_view scope) const noexcept {
    return std::ranges::find(scopes, scope) != scopes.end();
}

std::expected<ApiClaims, Verdict> parse_api_claims(const Jws& jws) {
    std::array<std::byte, base64url_decoded_size(kMaxTokenSize)> buffer;
    const auto json = base64url_decode(jws.payload, buffer);
    JsonField fields[] = {{"exp"}, {"nbf"}, {"sub"}, {"scope"}, {"ip"}, {"path"}, {"geo"}, {"max_height"}};
    auto& [exp, nbf, sub, scope, ip, path, geo, max_height] = fields;
    if (!json || !read_json_object(as_text(*json), fields)) return kMalformed;

    ApiClaims claims;
    std::optional<std::int64_t> expires;
    if (!read_expiry(exp, expires) || !read_start(nbf, claims.nbf) || !read_name(sub, claims.sub) ||
        !read_networks(ip, claims.networks)) {
        return kMalformed;
    }
    if (scope.kind == JsonKind::absent) return std::unexpected(Verdict::scope);
    if (!expires || claims.sub.empty() || !read_scopes(scope, claims.scopes)) return kMalformed;
    const auto is_there = [](const JsonField* field) { return field->kind != JsonKind::absent; };
    if (std::ranges::any_of(std::array{&path, &geo, &max_height}, is_there))
        return std::unexpected(Verdict::unsupported_claim);
    claims.exp = *expires;
    claims.json = as_text(*json);
    return claims;
}

}  // namespace mezz::token
