// Sending with backpressure.
#pragma once

#include "nginx/request_flow.hpp"

namespace mezz::nginx {

/// See send().
class SendOp final : public Op<SendOp>, private WriteListener {
public:
    SendOp(RequestFlow& flow, ngx_chain_t* chain, std::source_location where) noexcept
        : Op("sending to client", 0, where), request_flow_(flow), chain_(chain) {}
    ~SendOp();

    bool start() noexcept;
    [[nodiscard]] Result<void> await_resume() const noexcept { return result_; }

private:
    void on_write_event() noexcept override;
    void finish(Result<void> result) noexcept;
    bool pass(ngx_chain_t* chain) noexcept;
    bool wait_for_client() noexcept;
    bool yield() noexcept;

    RequestFlow& request_flow_;
    ngx_chain_t* chain_;
    Result<void> result_;
    bool listening_ = false;
    bool yielded_ = false;
};

/// `co_await send(flow, chain)` passes a chain of buffers through the output filters and ends when the kernel
/// (for HTTP/2 the connection, within its window) has taken all of it, and whatever was held back before it;
/// the buffers may then be used again. Chain, buffers, memory and files belong to the request's pool, never
/// to a coroutine, since filters may hold them longer than a cancelled coroutine lives. The last buffer gets
/// the flag `flush`, unless it has `last_buf`. The header has been sent; the request is not header_only. An
/// empty chain (null) just waits. Obeys limit_rate, sendfile, `aio threads` and send_timeout as nginx's own
/// writer does. Fails with io if the client has left or has timed out.
[[nodiscard]] inline SendOp send(RequestFlow& flow, ngx_chain_t* chain,
                                 std::source_location where = std::source_location::current()) noexcept {
    return SendOp(flow, chain, where);
}

}  // namespace mezz::nginx
