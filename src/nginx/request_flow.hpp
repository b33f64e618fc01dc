// An HTTP request's flow of control: one coroutine in the content phase.
#pragma once

#include <string_view>

#include "nginx/flow.hpp"

namespace mezz::nginx {

/// Told when a request can write to its client again, or has been posted (by a subrequest that ended).
class WriteListener {
public:
    virtual void on_write_event() noexcept = 0;

protected:
    ~WriteListener() = default;
};

/// Told when more of the request's body may have arrived.
class ReadListener {
public:
    virtual void on_read_event() noexcept = 0;

protected:
    ~ReadListener() = default;
};

/// The flow of one request. Works for main requests and subrequests, over HTTP/1.x, TLS and HTTP/2.
/// When the request is terminated (the client left, the worker shuts down) its frames are destroyed at once,
/// so destructors in coroutines must not touch the request's output; while a thread works for the flow that
/// is put off until the thread is done.
class RequestFlow final : public Flow {
public:
    /// Its value is what a content handler may return: NGX_OK (what ngx_http_output_filter or
    /// ngx_http_send_header gave), an HTTP status for nginx to answer with, or NGX_DECLINED. It never
    /// finalizes the request itself.
    using Body = Task<Result<ngx_int_t>> (*)(RequestFlow&);

    /// Runs `body` as far as its first wait. Returns what the content handler must return; a caller that is
    /// nginx's post-handler of a request body passes it to ngx_http_finalize_request(). The request body has
    /// been read or discarded before, or the body reads it (RequestBody) or discards it itself. An Error of
    /// the body's is logged and becomes the status that http_status() says, or ends the connection if the
    /// header has been sent.
    [[nodiscard]] static ngx_int_t launch(ngx_http_request_t* r, Body body) noexcept;

    [[nodiscard]] ngx_http_request_t* request() const noexcept { return request_; }
    [[nodiscard]] ngx_log_t* log() const noexcept { return request_->connection->log; }

    /// Writes an error to the log, at the level that http_status.hpp says.
    void log_error(const Error& error) noexcept;

    /// Names the file that later errors are about, for the log. The characters outlive the flow (r->pool).
    void set_subject(std::string_view file) noexcept { subject_ = file; }

    /// Whether the filters or the connection still hold output that the kernel has not taken.
    [[nodiscard]] bool output_pending() const noexcept;
    /// Hands what the filters still hold to the kernel, as far as it takes it.
    void push_output() noexcept;

    /// Asks to be told when the client takes more. A failure shows in c->error.
    void watch_client() noexcept;

    /// For operations: who is told about write events (null: nobody, output is just pushed).
    void set_write_listener(WriteListener* listener) noexcept { listener_ = listener; }
    /// For operations: who is told that more of the request's body may be there. Null: nobody; what arrives
    /// stays in the kernel, or, if nothing is to arrive any more, only a client's leaving is looked for.
    void set_read_listener(ReadListener* listener) noexcept;
    /// For operations that end before their time: the request's handlers stay as they are.
    void forget_read_listener(const ReadListener& listener) noexcept {
        if (read_listener_ == &listener) read_listener_ = nullptr;
    }
    /// For operations: bytes given to the filters since the flow last waited, sent or not.
    [[nodiscard]] off_t output_since_wait() const noexcept { return output_since_wait_; }
    void note_output(off_t bytes) noexcept { output_since_wait_ += bytes; }

    /// Something was not in the page cache: threads read for this request from then on. What follows is
    /// likely not there either, or the kernel would read on, in the event loop's time, when it is looked at.
    [[nodiscard]] bool needs_disk() const noexcept { return needs_disk_; }
    void set_needs_disk() noexcept { needs_disk_ = true; }

    /// For operations: waits for `op` once more as long as its time limit.
    void wait_longer(const OpBase& op) noexcept { ngx_add_timer(&timer_, op.time_limit()); }
    /// For operations: a thread has begun to use memory of the flow's.
    void thread_started() noexcept;
    /// For operations: that thread is done; ends the wait for `op`, or a termination that had to wait. The
    /// last thing that an event handler does.
    void thread_finished(OpBase& op) noexcept;

    void begin_wait(OpBase& op) noexcept override;
    void end_wait(OpBase& op) noexcept override;

private:
    // Debug logging reads an event's data as an ngx_connection_t, as far as the descriptor.
    struct TimerOwner {
        RequestFlow* flow;
        ngx_event_t* read;
        ngx_event_t* write;
        ngx_socket_t fd;
    };

    explicit RequestFlow(ngx_http_request_t* r) noexcept;
    static RequestFlow* create(ngx_http_request_t* r) noexcept;
    static RequestFlow* find(const ngx_http_request_t* r) noexcept;

    static void on_cleanup(void* data) noexcept;
    static void on_timer(ngx_event_t* event) noexcept;
    static void on_write(ngx_http_request_t* r) noexcept;
    static void on_read(ngx_http_request_t* r) noexcept;

    ngx_int_t begin() noexcept;
    void suspend_request() noexcept;
    void step(std::coroutine_handle<> coroutine) noexcept;
    ngx_int_t conclude() noexcept;
    ngx_int_t report(const Error& error) noexcept;
    void retire() noexcept;

    ngx_http_request_t* request_;
    Task<Result<ngx_int_t>> root_;
    OpBase* waiting_ = nullptr;
    WriteListener* listener_ = nullptr;
    ReadListener* read_listener_ = nullptr;
    char* action_before_ = nullptr;
    std::string_view subject_;
    ngx_event_t timer_{};
    TimerOwner timer_owner_;
    off_t output_since_wait_ = 0;
    bool needs_disk_ = false;
    unsigned threads_ = 0;
    bool running_ = false;
    bool terminated_ = false;
    bool finished_ = false;
};

}  // namespace mezz::nginx
