#include "nginx/token_gate.hpp"

#include <optional>

#include "nginx/request_info.hpp"

namespace mezz::nginx {
namespace {

std::optional<std::string_view> query_token(ngx_http_request_t* r, const LocationConf& conf) noexcept {
    ngx_str_t value{};
    if (ngx_http_arg(r, conf.token_arg.data, conf.token_arg.len, &value) != NGX_OK) return std::nullopt;
    return view(value);
}

std::optional<std::string_view> cookie_token(ngx_http_request_t* r, const LocationConf& conf) noexcept {
    ngx_str_t name = conf.token_cookie;
    ngx_str_t value{};
#if (nginx_version >= 1023000)
    if (ngx_http_parse_multi_header_lines(r, r->headers_in.cookie, &name, &value) == nullptr)
        return std::nullopt;
#else
    if (ngx_http_parse_multi_header_lines(&r->headers_in.cookies, &name, &value) == NGX_DECLINED)
        return std::nullopt;
#endif
    return view(value);
}

Result<std::string_view> copy_text(ngx_http_request_t* r, std::string_view text) noexcept {
    const ngx_str_t copied = copy(r->pool, text);
    if (copied.data == nullptr) return fail(ErrorCode::internal, "no memory");
    return view(copied);
}

Result<std::string_view> carried_query(ngx_http_request_t* r, const LocationConf& conf,
                                       std::string_view token) {
    std::string text = "?";
    text += view(conf.token_arg);
    text += '=';
    text += token;
    return copy_text(r, text);
}

// nullopt if the location has no directive that tells.
Result<std::optional<std::string_view>> country_of(ngx_http_request_t* r, const LocationConf& conf) noexcept {
    if (conf.token_geo == nullptr) return std::nullopt;
    ngx_str_t value{};
    if (ngx_http_complex_value(r, conf.token_geo, &value) != NGX_OK)
        return fail(ErrorCode::internal, "no memory");
    return view(value);
}

void note(RequestInfo& info, token::Verdict verdict) noexcept {
    info.token_status = to_text(verdict);
    info.verdict = verdict;
}

// What a token is good for here; notes whom it names and what it limits.
token::Verdict check(ngx_http_request_t* r, std::string_view token, RequestInfo& info, Admission& admission) {
    const MainConf& conf = mezz_main_conf(r);
    const auto country = country_of(r, mezz_conf(r));
    if (!country) return token::Verdict::internal;
    const auto claims = conf.tokens->read(*conf.verifier, token);
    if (!claims) return claims.error();
    const auto subject = copy_text(r, (*claims)->sub);
    const auto session = copy_text(r, (*claims)->sid);
    if (!subject || !session) return token::Verdict::internal;
    info.token_subject = *subject;
    info.token_session = *session;
    admission.max_height = (*claims)->max_height.value_or(UINT32_MAX);
    return conf.verifier->judge(**claims, view(r->uri), view(r->connection->addr_text), ngx_time(), *country);
}

}  // namespace

std::optional<std::string_view> bearer_token(const ngx_http_request_t* r) noexcept {
    constexpr std::string_view kScheme = "Bearer ";
    const ngx_table_elt_t* header = r->headers_in.authorization;
    if (header == nullptr || header->value.len < kScheme.size()) return std::nullopt;
    if (ngx_strncasecmp(header->value.data, borrow(kScheme).data, kScheme.size()) != 0) return std::nullopt;
    std::string_view token = view(header->value).substr(kScheme.size());
    while (token.starts_with(' '))
        token.remove_prefix(1);
    return token;
}

Result<Admission> admit(ngx_http_request_t* r) {
    const LocationConf& conf = mezz_conf(r);
    RequestInfo* info = request_info(r);
    if (info == nullptr) return fail(ErrorCode::internal, "no memory");
    if (static_cast<TokenMode>(conf.token) == TokenMode::off) {
        info->token_status = "off";
        return Admission{.granted = true, .personal = false, .query = {}};
    }
    const auto in_query = query_token(r, conf);
    std::optional<std::string_view> token = in_query;
    if (!token) token = bearer_token(r);
    if (!token) token = cookie_token(r, conf);
    Admission admission;
    const token::Verdict verdict = token ? check(r, *token, *info, admission) : token::Verdict::missing;
    note(*info, verdict);
    admission.granted = verdict == token::Verdict::ok;
    admission.personal = !in_query;
    if (!admission.granted || !in_query) return admission;
    const auto query = carried_query(r, conf, *in_query);
    if (!query) return std::unexpected(query.error());
    admission.query = *query;
    return admission;
}

ngx_int_t refuse(ngx_http_request_t* r, token::Verdict verdict) noexcept {
    if (RequestInfo* info = request_info(r); info != nullptr) note(*info, verdict);
    return NGX_HTTP_FORBIDDEN;
}

}  // namespace mezz::nginx
