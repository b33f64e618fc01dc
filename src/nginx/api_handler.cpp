#include "nginx/api_handler.hpp"

#include "nginx/api_call.hpp"
#include "nginx/request_info.hpp"
#include "nginx/token_gate.hpp"

namespace mezz::nginx {
namespace {

using api::Endpoint;

Result<token::Verdict> authenticate(RequestFlow& flow, ApiCall& call) {
    ngx_http_request_t* r = flow.request();
    const auto token = bearer_token(r);
    token::ApiCheck check = mezz_main_conf(r).verifier->check_api_token(
        token.value_or(std::string_view()), view(r->connection->addr_text), ngx_time());
    const token::Verdict verdict = token ? check.verdict : token::Verdict::missing;
    RequestInfo* info = request_info(r);
    const ngx_str_t subject = copy(r->pool, check.claims.sub);
    if (info == nullptr || subject.data == nullptr) return fail(ErrorCode::internal, "no memory");
    info->token_status = to_text(verdict);
    count_token(verdict);
    info->token_subject = view(subject);
    call.claims = std::move(check.claims);
    if (verdict != token::Verdict::ok) return verdict;
    call.claims_json = nlohmann::json::parse(call.claims.json, nullptr, false);
    if (!call.claims_json.is_object()) return token::Verdict::malformed;
    return verdict;
}

Task<Result<ngx_int_t>> dispatch(RequestFlow& flow, const ApiCall& call) {
    switch (call.route.endpoint) {
        case Endpoint::create_upload:
            return create_upload(flow, call);
        case Endpoint::put_upload:
            return put_upload(flow, call.route.id);
        case Endpoint::create_video:
            return create_video(flow, call);
        case Endpoint::list_videos:
            return list_videos(flow, call);
        case Endpoint::get_video:
            return get_video(flow, call);
        case Endpoint::patch_video:
            return patch_video(flow, call);
        case Endpoint::delete_video:
            return delete_video(flow, call);
        case Endpoint::stream_video:
            return stream_video(flow, call);
    }
    return {};
}

// The problem of a call that failed. What a client did wrong is no error of the server's.
api::Problem explain(RequestFlow& flow, const ApiCall& call, const Error& error) {
    constexpr int kServerError = 500;
    const bool is_upload = call.route.endpoint == Endpoint::put_upload;
    api::Problem problem =
        is_upload && error.code == ErrorCode::bad_request ? api::length_mismatch() : problem_of(error);
    if (problem.status >= kServerError)
        flow.log_error(error);
    else
        log_line(flow.log(), NGX_LOG_INFO, 0, "mezz: %s", error.text);
    return problem;
}

Task<Result<ngx_int_t>> serve_api(RequestFlow& flow) {
    const ngx_http_request_t* r = flow.request();
    ApiCall call;
    RequestInfo* info = request_info(flow.request());
    if (info == nullptr) co_return fail(ErrorCode::internal, "no memory");
    info->kind = RequestKind::api;
    auto route = api::find_route(view(r->method_name), path_in_location(r));
    if (!route) {
        const std::string_view allow = route.error().allow;
        co_return send_problem(
            flow, allow.empty() ? api::not_found("There is no such call.") : api::method_not_allowed(allow));
    }
    call.route = std::move(*route);
    if (call.route.endpoint == Endpoint::put_upload) {  // its URL is signed itself
        info->kind = RequestKind::upload;
    } else {
        const auto verdict = authenticate(flow, call);
        if (!verdict) co_return std::unexpected(verdict.error());
        if (*verdict != token::Verdict::ok)
            co_return send_problem(flow, api::unauthorized(to_text(*verdict)));
    }
    Task<Result<ngx_int_t>> handler = dispatch(flow, call);
    const auto answered = co_await handler;
    if (answered || r->header_sent || r->connection->error || r->connection->timedout) co_return answered;
    co_return send_problem(flow, explain(flow, call, answered.error()));
}

}  // namespace

ngx_int_t handle_api(ngx_http_request_t* r) noexcept {
    return RequestFlow::launch(r, serve_api);
}

}  // namespace mezz::nginx
