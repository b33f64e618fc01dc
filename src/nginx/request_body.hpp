// A request's body, taken piece by piece: the client is never read faster than the pieces are used.
#pragma once

#include <sys/uio.h>

#include <string>
#include <vector>

#include "nginx/request_flow.hpp"

namespace mezz::nginx {

/// See RequestBody::next().
class BodyOp final : public Op<BodyOp>, public ReadListener {
public:
    BodyOp(RequestFlow& flow, std::source_location where) noexcept
        : Op("reading the request body", 0, where), request_flow_(flow) {}
    ~BodyOp() { request_flow_.forget_read_listener(*this); }

    bool start() noexcept;
    [[nodiscard]] Result<bool> await_resume() const noexcept { return result_; }

    void on_read_event() noexcept override;

private:
    [[nodiscard]] bool has_ended() noexcept;

    RequestFlow& request_flow_;
    Result<bool> result_{false};
};

/// Reads the body of its flow's request, over HTTP/1.x (with a length or chunked) and HTTP/2. It holds at
/// most `client_body_buffer_size` of it; what the client sends beyond that waits in the kernel or is held
/// back by flow control. A client that sends nothing for `client_body_timeout` ends the request.
class RequestBody {
public:
    explicit RequestBody(RequestFlow& flow) noexcept : flow_(flow) {}

    /// To be called once, before next(): answers "Expect: 100-continue". Fails with bad_request, io or
    /// internal.
    [[nodiscard]] Result<void> begin() const noexcept;

    /// `co_await body.next()`: true when there is a piece, false at the body's end.
    [[nodiscard]] BodyOp next(std::source_location where = std::source_location::current()) const noexcept {
        return {flow_, where};
    }

    /// The present piece. Valid until release().
    [[nodiscard]] std::vector<iovec> piece() const;

    /// The piece has been used: its memory serves for the next one.
    void release() const noexcept;

private:
    RequestFlow& flow_;
};

/// Reads a whole body into a text. Fails with too_large beyond `limit` bytes, or as RequestBody does.
[[nodiscard]] Task<Result<std::string>> read_text_body(RequestFlow& flow, std::size_t limit);

}  // namespace mezz::nginx
