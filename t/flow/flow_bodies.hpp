// What the locations of the flow test module do.
#pragma once

#include "nginx/request_flow.hpp"

namespace mezz::nginx::flow_test {

struct Conf {
    RequestFlow::Body body;
    ngx_str_t file;  ///< NUL-terminated; may be empty
};

using Answer = Task<Result<ngx_int_t>>;

/// Waits ?pause= ms for a timer, reads 16 bytes of the file in a child, lets a thread sleep ?thread= ms,
/// answers.
Answer chain(RequestFlow& flow);
/// Reads the file piece by piece; answers its CRC-32 and how many reads the page cache served.
Answer reads(RequestFlow& flow);
/// Sends the file through one buffer of 64 KiB, or of ?piece= bytes; fails after ?fail_at= bytes; without a
/// length if ?chunked=1.
Answer stream(RequestFlow& flow);
/// Sends the file as two file buffers, with one send() each.
Answer sendfile(RequestFlow& flow);
/// Hands the whole file to the filters without waiting for them, then waits ?pause= ms for something else.
Answer push(RequestFlow& flow);
/// Calls a coroutine whose frame no machine can hold.
Answer no_memory(RequestFlow& flow);
/// Fails with the ErrorCode number ?code=.
Answer error(RequestFlow& flow);
/// A child throws after a wait of ?pause= ms: bad_alloc if ?memory=1.
Answer throws(RequestFlow& flow);
/// ?n= calls one after the other, and as many nested ones up to 1000.
Answer calls(RequestFlow& flow);
/// This worker's count of live frames, and of the bytes that stream() has read.
Answer status(RequestFlow& flow);

/// The module's configuration of the location of a request.
Conf& conf_of(const ngx_http_request_t* r) noexcept;

}  // namespace mezz::nginx::flow_test
