#include "nginx/api_call.hpp"

#include "nginx/worker_state.hpp"
#include "token/playback_token.hpp"

namespace mezz::nginx {

std::string base_url(const ngx_http_request_t* r) {
    const LocationConf& conf = mezz_conf(r);
    if (conf.public_url.len != 0) return std::string(view(conf.public_url));
    if (r->headers_in.host == nullptr) return {};
    bool secure = false;
#if (NGX_HTTP_SSL)
    secure = r->connection->ssl != nullptr;
#endif
#if (NGX_HTTP_V2)
    if (r->stream != nullptr) secure = r->stream->connection->connection->ssl != nullptr;
#endif
    std::string url = secure ? "https://" : "http://";
    url += view(r->headers_in.host->value);
    return url;
}

Result<nlohmann::json> common_facts(RequestFlow& flow, const ApiCall& call) {
    ngx_http_request_t* r = flow.request();
    nlohmann::json vars = nlohmann::json::object();
    ngx_array_t& declared = mezz_main_conf(r).policy_vars;
    for (PolicyVar& var : std::span(static_cast<PolicyVar*>(declared.elts), declared.nelts)) {
        ngx_str_t value{};
        if (ngx_http_complex_value(r, &var.value, &value) != NGX_OK)
            return fail(ErrorCode::internal, "no memory");
        if (value.len != 0) vars[std::string(view(var.name))] = std::string(view(value));
    }
    return nlohmann::json{{"claims", call.claims_json}, {"vars", std::move(vars)}, {"now", ngx_time()}};
}

namespace {

// Each line of its own: a rule may print what clients chose, which must not look like an entry of the log.
void log_printed(const RequestFlow& flow, std::string_view rule, std::string_view printed) noexcept {
    while (!printed.empty()) {
        const std::size_t end = printed.find('\n');
        log_line(flow.log(), NGX_LOG_NOTICE, 0, "mezz: rule \"%*s\" printed: %*s", rule,
                 printed.substr(0, end));
        printed.remove_prefix(end == std::string_view::npos ? printed.size() : end + 1);
    }
}

}  // namespace

policy::Verdict judge(RequestFlow& flow, std::string_view rule, const nlohmann::json& facts) {
    const auto verdict = rules().judge(rule, facts);
    log_printed(flow, rule, rules().printed());
    if (verdict) return *verdict;
    log_line(flow.log(), NGX_LOG_ERR, 0, "mezz: rule \"%*s\" failed, so it denies: %s", rule,
             verdict.error().c_str());
    return {};
}

StreamLinks::StreamLinks(RequestFlow& flow, const ApiCall& call, StreamGrant grant)
    : flow_(flow), call_(call), grant_(std::move(grant)), base_(base_url(flow.request())) {}

api::Links StreamLinks::links() const {
    const LocationConf& conf = mezz_conf(flow_.request());
    const token::Key& key = mezz_main_conf(flow_.request()).verifier->keys().back();
    return {.base = base_,
            .stream_location = view(conf.stream_location),
            .token_arg = view(conf.token_arg),
            .sign = [this, &key](std::string_view path) {
                const token::PlaybackGrant grant{.path = path,
                                                 .exp = grant_.expires,
                                                 .sub = call_.claims.sub,
                                                 .sid = grant_.session,
                                                 .max_height = grant_.max_height};
                return token::sign_playback(key, grant);
            }};
}

std::int64_t picture_expiry(std::int64_t ttl) noexcept {
    constexpr std::int64_t kHour = 3600;
    return (ngx_time() / kHour + 1) * kHour + ttl;
}

}  // namespace mezz::nginx
