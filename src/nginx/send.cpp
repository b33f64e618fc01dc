#include "nginx/send.hpp"

namespace mezz::nginx {

namespace {

// A client as fast as the page cache, or a range filter that drops what comes before the range, would keep
// the worker from everybody else; after so many bytes without a wait the others have their turn.
constexpr off_t kTurn = off_t{1} << 20;

}  // namespace

SendOp::~SendOp() {
    if (listening_) request_flow_.set_write_listener(nullptr);
}

bool SendOp::start() noexcept {
    for (ngx_chain_t* link = chain_; link != nullptr; link = link->next) {
        // Without it the write filter keeps less than postpone_output bytes to itself and reports no backlog.
        if (link->next == nullptr && !link->buf->last_buf) link->buf->flush = 1;
        request_flow_.note_output(ngx_buf_size(link->buf));
    }
    listening_ = pass(chain_);
    if (listening_) request_flow_.set_write_listener(this);
    return listening_;
}

// Gives the filters more to do. True if there is something to wait for, else result_ is set.
bool SendOp::pass(ngx_chain_t* chain) noexcept {
    ngx_http_request_t* r = request_flow_.request();
    if (chain == nullptr && !request_flow_.output_pending()) return false;
    if (ngx_http_output_filter(r, chain) == NGX_ERROR) {
        result_ = r->connection->error ? fail(ErrorCode::io, "the client has closed the connection")
                                       : fail(ErrorCode::internal, "an output filter failed");
        return false;
    }
    if (request_flow_.output_pending()) return wait_for_client();
    return yield();
}

bool SendOp::wait_for_client() noexcept {
    ngx_connection_t* c = request_flow_.request()->connection;
    // While limit_rate delays the output, its timer is in this place.
    if (!c->write->delayed) ngx_add_timer(c->write, core_conf(request_flow_.request()->main).send_timeout);
    request_flow_.watch_client();
    if (!c->error) return true;
    result_ = fail(ErrorCode::io, "the client's connection cannot be watched");
    return false;
}

bool SendOp::yield() noexcept {
    ngx_event_t* event = request_flow_.request()->connection->write;
    if (yielded_ || request_flow_.output_since_wait() < kTurn || event->delayed) return false;
    yielded_ = true;
    ngx_post_event(event, &ngx_posted_next_events);
    return wait_for_client();
}

void SendOp::on_write_event() noexcept {
    ngx_http_request_t* r = request_flow_.request();
    ngx_connection_t* c = r->connection;
    if (c->write->timedout) {
        c->timedout = 1;
        finish(fail(ErrorCode::io, "the client has timed out"));
        return;
    }
    const bool busy = c->write->delayed || r->aio;
    if (busy ? wait_for_client() : pass(nullptr)) return;
    finish(result_);
}

void SendOp::finish(Result<void> result) noexcept {
    result_ = result;
    ngx_event_t* event = request_flow_.request()->connection->write;
    if (event->timer_set && !event->delayed) ngx_del_timer(event);
    listening_ = false;
    request_flow_.set_write_listener(nullptr);
    complete();
}

}  // namespace mezz::nginx
