#include "nginx/api_respond.hpp"

#include "api/answers.hpp"
#include "nginx/headers.hpp"

namespace mezz::nginx {
namespace {

constexpr int kRetrySeconds = 2;

// The body that nobody read, but a client that asks whether it may send it is not told to.
void discard_body(ngx_http_request_t* r) noexcept {
    r->expect_tested = 1;
    if (ngx_http_discard_request_body(r) != NGX_OK) r->keepalive = 0;
}

bool add_copied(ngx_http_request_t* r, std::string_view name, std::string_view value) noexcept {
    if (value.empty()) return true;
    const ngx_str_t copied = copy(r->pool, value);
    return copied.data != nullptr && add_header(r, name, view(copied)) != nullptr;
}

ngx_int_t send_head(ngx_http_request_t* r, ngx_uint_t status, std::string_view type, std::size_t length) {
    discard_body(r);
    r->headers_out.status = status;
    r->headers_out.content_length_n = static_cast<off_t>(length);
    r->headers_out.content_type = borrow(type);
    r->headers_out.content_type_len = type.size();
    if (add_cache_control(r, "no-store") == nullptr) return NGX_ERROR;
    return ngx_http_send_header(r);
}

ngx_int_t send_body(ngx_http_request_t* r, ngx_uint_t status, std::string_view type, std::string text) {
    auto* body = pool_new<std::string>(r->pool, std::move(text));
    auto* buffer = static_cast<ngx_buf_t*>(ngx_calloc_buf(r->pool));
    if (body == nullptr || buffer == nullptr) return NGX_HTTP_INTERNAL_SERVER_ERROR;
    const ngx_int_t rc = send_head(r, status, type, body->size());
    if (rc == NGX_ERROR || rc > NGX_OK || r->header_only != 0) return rc;
    buffer->start = buffer->pos = borrow(*body).data;
    buffer->end = buffer->last = buffer->pos + body->size();
    buffer->memory = 1;
    buffer->last_buf = 1;
    buffer->last_in_chain = 1;
    auto* link = ngx_alloc_chain_link(r->pool);
    if (link == nullptr) return NGX_ERROR;
    link->buf = buffer;
    link->next = nullptr;
    return ngx_http_output_filter(r, link);
}

}  // namespace

ngx_int_t send_json(RequestFlow& flow, ngx_uint_t status, std::string body, std::string_view location) {
    ngx_http_request_t* r = flow.request();
    if (!add_copied(r, "Location", location)) return NGX_HTTP_INTERNAL_SERVER_ERROR;
    return send_body(r, status, api::kJsonType, std::move(body));
}

ngx_int_t send_plain(RequestFlow& flow, ngx_uint_t status, std::string_view type, std::string body) {
    return send_body(flow.request(), status, type, std::move(body));
}

ngx_int_t send_problem(RequestFlow& flow, const api::Problem& problem) {
    ngx_http_request_t* r = flow.request();
    const std::string retry = problem.retry_after == 0 ? std::string() : std::to_string(problem.retry_after);
    if (!add_copied(r, "Allow", problem.allow) || !add_copied(r, "WWW-Authenticate", problem.challenge) ||
        !add_copied(r, "Retry-After", retry))
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    return send_body(r, static_cast<ngx_uint_t>(problem.status), api::kProblemType, api::to_json(problem));
}

ngx_int_t send_no_content(RequestFlow& flow) {
    ngx_http_request_t* r = flow.request();
    r->header_only = 1;
    discard_body(r);
    r->headers_out.status = NGX_HTTP_NO_CONTENT;
    if (add_cache_control(r, "no-store") == nullptr) return NGX_ERROR;
    return ngx_http_send_header(r);
}

api::Problem problem_of(const Error& error) {
    switch (error.code) {
        case ErrorCode::busy:
            return api::unavailable(kRetrySeconds);
        case ErrorCode::too_large:
            return api::too_large("The body of this call may have 64 KiB at most.");
        case ErrorCode::bad_request:
            return api::malformed_json();
        case ErrorCode::not_found:
            return api::not_found("");
        case ErrorCode::bad_media:
        case ErrorCode::unsupported:
        case ErrorCode::io:
        case ErrorCode::internal:
            return api::internal_error();
    }
    return api::internal_error();
}

}  // namespace mezz::nginx
