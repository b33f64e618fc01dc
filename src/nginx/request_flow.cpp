#include "nginx/request_flow.hpp"

#include <cstddef>

#include "nginx/headers.hpp"
#include "nginx/http_status.hpp"

namespace mezz::nginx {

RequestFlow::RequestFlow(ngx_http_request_t* r) noexcept
    : Flow(r->pool), request_(r), timer_owner_{this, nullptr, nullptr, static_cast<ngx_socket_t>(-1)} {
    static_assert(offsetof(TimerOwner, fd) == offsetof(ngx_connection_t, fd));
    timer_.data = &timer_owner_;
    timer_.handler = on_timer;
    timer_.log = r->connection->log;
}

RequestFlow* RequestFlow::create(ngx_http_request_t* r) noexcept {
    ngx_http_cleanup_t* cleanup = ngx_http_cleanup_add(r, 0);
    void* memory = pool_allocate(r->pool, sizeof(RequestFlow), alignof(RequestFlow));
    if (cleanup == nullptr || memory == nullptr) return nullptr;
    auto* flow = ::new (memory) RequestFlow(r);
    cleanup->handler = on_cleanup;
    cleanup->data = flow;
    return flow;
}

// Not by the module's context: an internal redirect zeroes it.
RequestFlow* RequestFlow::find(const ngx_http_request_t* r) noexcept {
    for (const ngx_http_cleanup_t* c = r->main->cleanup; c != nullptr; c = c->next) {
        if (c->handler != on_cleanup) continue;
        auto* flow = static_cast<RequestFlow*>(c->data);
        if (flow->request_ == r && !flow->finished_) return flow;
    }
    return nullptr;
}

ngx_int_t RequestFlow::launch(ngx_http_request_t* r, Body body) noexcept {
    RequestFlow* flow = create(r);
    if (flow == nullptr) return NGX_HTTP_INTERNAL_SERVER_ERROR;
    flow->root_ = body(*flow);
    return flow->begin();
}

ngx_int_t RequestFlow::begin() noexcept {
    running_ = true;
    run(root_.handle());
    running_ = false;
    if (terminated_) {
        if (threads_ == 0) retire();
        return NGX_DONE;
    }
    if (root_.done()) {
        const ngx_int_t rc = conclude();
        retire();
        return rc;
    }
    suspend_request();
    return NGX_DONE;
}

void RequestFlow::suspend_request() noexcept {
    ngx_http_request_t* r = request_;
    if (!r->discard_body) set_read_listener(read_listener_);
    r->write_event_handler = on_write;
    ++r->main->count;
#if (NGX_HTTP_V2)
    if (r->stream != nullptr) return;
#endif
    // With deferred accept a whole request may have been read before the descriptor is watched at all.
    (void)ngx_handle_read_event(r->connection->read, 0);
}

void RequestFlow::step(std::coroutine_handle<> coroutine) noexcept {
    ngx_http_request_t* r = request_;
    ngx_connection_t* c = r->connection;
    running_ = true;
    run(coroutine);
    running_ = false;
    if (terminated_) {
        if (threads_ == 0) retire();
    } else if (root_.done()) {
        const ngx_int_t rc = conclude();
        retire();
        r->write_event_handler = ngx_http_request_empty_handler;
        ngx_http_finalize_request(r, rc);
    }
    ngx_http_run_posted_requests(c);  // here the request, and *this with it, may end
}

ngx_int_t RequestFlow::conclude() noexcept {
    const Result<ngx_int_t> result = root_.take();
    const ngx_int_t rc = result ? *result : report(result.error());
    if (request_->header_sent && rc > NGX_OK) {
        // nginx would try to send a second header; a body cut short must be seen to be so.
        if (result) log_line(log(), NGX_LOG_ERR, 0, "mezz: status %i after the header was sent", rc);
        return NGX_ERROR;
    }
    return rc;
}

ngx_int_t RequestFlow::report(const Error& error) noexcept {
    log_error(error);
    const ngx_connection_t* c = request_->connection;
    if (c->error || c->timedout) return NGX_ERROR;
    if (error.code == ErrorCode::busy) add_header(request_, "Retry-After", "2");
    return http_status(error.code);
}

void RequestFlow::log_error(const Error& error) noexcept {
    const ngx_connection_t* c = request_->connection;
    const bool client_left = c->error || c->timedout;
    const ngx_uint_t level = client_left ? NGX_LOG_INFO : log_level(error.code);
    const std::string_view of = subject_.empty() ? "" : " of ";
    if (error.offset != kNoOffset) {
        log_line(log(), level, 0, "mezz: %s (file offset %uL%*s%*s)", error.text, error.offset, of, subject_);
    } else {
        log_line(log(), level, 0, "mezz: %s%*s%*s", error.text, of, subject_);
    }
}

void RequestFlow::retire() noexcept {
    root_.reset();
    if (timer_.timer_set) ngx_del_timer(&timer_);
    waiting_ = nullptr;
    listener_ = nullptr;
    read_listener_ = nullptr;
    finished_ = true;
}

void RequestFlow::begin_wait(OpBase& op) noexcept {
    waiting_ = &op;
    output_since_wait_ = 0;
    action_before_ = log()->action;
    log()->action = const_cast<char*>(op.what());
    // Never a cancelable timer: a graceful quit waits for the others only.
    if (op.time_limit() != 0) ngx_add_timer(&timer_, op.time_limit());
    if (output_pending()) watch_client();
}

void RequestFlow::end_wait(OpBase& op) noexcept {
    ngx_http_set_log_request(log(), request_);
    log()->action = action_before_;
    if (timer_.timer_set) ngx_del_timer(&timer_);
    waiting_ = nullptr;
    step(op.waiter());
}

void RequestFlow::on_timer(ngx_event_t* event) noexcept {
    RequestFlow* flow = static_cast<TimerOwner*>(event->data)->flow;
    event->timedout = 0;
    flow->waiting_->on_time_limit();
}

void RequestFlow::on_write(ngx_http_request_t* r) noexcept {
    RequestFlow* flow = find(r);
    if (flow == nullptr) return;
    if (flow->listener_ != nullptr) {
        flow->listener_->on_write_event();
    } else {
        flow->push_output();
    }
}

void RequestFlow::set_read_listener(ReadListener* listener) noexcept {
    ngx_http_request_t* r = request_;
    read_listener_ = listener;
    if (listener != nullptr)
        r->read_event_handler = on_read;
    else
        r->read_event_handler = r->reading_body ? ngx_http_block_reading : ngx_http_test_reading;
    // nginx has replaced it where the body began to be read.
    r->write_event_handler = on_write;
}

void RequestFlow::on_read(ngx_http_request_t* r) noexcept {
    RequestFlow* flow = find(r);
    if (flow != nullptr && flow->read_listener_ != nullptr) flow->read_listener_->on_read_event();
}

void RequestFlow::push_output() noexcept {
    ngx_http_request_t* r = request_;
    ngx_event_t* event = r->connection->write;
    if (event->delayed || r->aio || !output_pending()) return;
    // The event is edge-triggered: left alone now it would not come again. A failure shows in c->error.
    if (ngx_http_output_filter(r, nullptr) != NGX_ERROR) watch_client();
}

void RequestFlow::watch_client() noexcept {
    if (ngx_handle_write_event(request_->connection->write, core_conf(request_).send_lowat) != NGX_OK) {
        request_->connection->error = 1;
    }
}

bool RequestFlow::output_pending() const noexcept {
    return request_->buffered || request_->postponed != nullptr || request_->connection->buffered;
}

void RequestFlow::on_cleanup(void* data) noexcept {
    auto* flow = static_cast<RequestFlow*>(data);
    if (flow->finished_) return;
    if (flow->running_) {
        log_line(flow->log(), NGX_LOG_ALERT, 0, "mezz: a coroutine ended its own request");
    }
    if (flow->running_ || flow->threads_ != 0) {
        flow->terminated_ = true;
    } else {
        flow->retire();
    }
}

// r->aio stays as it is: it belongs to the copy filter, whose own thread may be at work at the same time.
void RequestFlow::thread_started() noexcept {
    ++threads_;
    ++request_->main->blocked;
}

void RequestFlow::thread_finished(OpBase& op) noexcept {
    --threads_;
    --request_->main->blocked;
    if (!terminated_) {
        end_wait(op);
        return;
    }
    ngx_http_request_t* main = request_->main;
    ngx_connection_t* c = main->connection;
    ngx_http_set_log_request(c->log, main);
    retire();
    ngx_http_finalize_request(main, NGX_ERROR);  // takes up the termination that `blocked` had put off
    ngx_http_run_posted_requests(c);
}

}  // namespace mezz::nginx
