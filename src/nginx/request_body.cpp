#include "nginx/request_body.hpp"

namespace mezz::nginx {
namespace {

Error body_error(ngx_int_t status) noexcept {
    switch (status) {
        case NGX_HTTP_BAD_REQUEST:
            return {ErrorCode::bad_request, "request body: malformed, or the client has left"};
        case NGX_HTTP_REQUEST_ENTITY_TOO_LARGE:
            return {ErrorCode::bad_request, "request body: longer than announced"};
        case NGX_HTTP_REQUEST_TIME_OUT:
            return {ErrorCode::bad_request, "request body: the client sent nothing for too long"};
        default:
            return {ErrorCode::internal, "request body: cannot be read"};
    }
}

// nginx calls this from within ngx_http_read_client_request_body(), always so with request_body_no_buffering.
// It has counted the reading as one more user of the request, which the flow is already.
void on_begun(ngx_http_request_t* r) noexcept {
    --r->main->count;
}

// An HTTP/2 stream that its client has ended by now is read with buffering, whatever was asked, and later,
// from an event. All of the body is there: it can as well be taken at once.
void resume_unbuffered(ngx_http_request_t* r) noexcept {
    r->request_body_no_buffering = 1;
    r->reading_body = 1;
    on_begun(r);
}

}  // namespace

bool BodyOp::start() noexcept {
    const bool ended = has_ended();
    request_flow_.set_read_listener(ended ? nullptr : this);
    return !ended;
}

void BodyOp::on_read_event() noexcept {
    if (!has_ended()) return;
    request_flow_.set_read_listener(nullptr);
    complete();
}

// True once there is a piece, an error or the end.
bool BodyOp::has_ended() noexcept {
    ngx_http_request_t* r = request_flow_.request();
    const auto has_piece = [r] { return r->request_body != nullptr && r->request_body->bufs != nullptr; };
    if (!has_piece() && r->reading_body) {
        const ngx_int_t rc = ngx_http_read_unbuffered_request_body(r);
        if (rc >= NGX_HTTP_SPECIAL_RESPONSE) {
            result_ = std::unexpected(body_error(rc));
            return true;
        }
    }
    result_ = has_piece();
    return has_piece() || !r->reading_body;
}

Result<void> RequestBody::begin() const noexcept {
    ngx_http_request_t* r = flow_.request();
    r->request_body_no_buffering = 1;
    const ngx_int_t rc = ngx_http_read_client_request_body(r, on_begun);
    if (rc == NGX_AGAIN && !r->reading_body) resume_unbuffered(r);
    flow_.set_read_listener(nullptr);
    if (rc >= NGX_HTTP_SPECIAL_RESPONSE) return std::unexpected(body_error(rc));
    return {};
}

std::vector<iovec> RequestBody::piece() const {
    std::vector<iovec> parts;
    for (const ngx_chain_t* link = flow_.request()->request_body->bufs; link != nullptr; link = link->next) {
        const ngx_buf_t& b = *link->buf;
        if (b.last > b.pos) parts.push_back({b.pos, static_cast<std::size_t>(b.last - b.pos)});
    }
    return parts;
}

void RequestBody::release() const noexcept {
    ngx_http_request_t* r = flow_.request();
    for (ngx_chain_t* link = r->request_body->bufs; link != nullptr;) {
        ngx_chain_t* next = link->next;
        link->buf->pos = link->buf->last;
        ngx_free_chain(r->pool, link);
        link = next;
    }
    r->request_body->bufs = nullptr;
}

Task<Result<std::string>> read_text_body(RequestFlow& flow, std::size_t limit) {
    const ngx_http_request_t* r = flow.request();
    if (r->headers_in.content_length_n > static_cast<off_t>(limit))
        co_return fail(ErrorCode::too_large, "request body: too long");
    const RequestBody body(flow);
    const auto begun = body.begin();
    if (!begun) co_return std::unexpected(begun.error());
    std::string text;
    for (;;) {
        const auto more = co_await body.next();
        if (!more) co_return std::unexpected(more.error());
        if (!*more) co_return text;
        for (const iovec& part : body.piece()) {
            if (part.iov_len > limit - text.size())
                co_return fail(ErrorCode::too_large, "request body: too long");
            text.append(static_cast<const char*>(part.iov_base), part.iov_len);
        }
        body.release();
    }
}

}  // namespace mezz::nginx
