// What the locations of the backends test module do.
#pragma once

#include <string>

#include "nginx/backends.hpp"
#include "nginx/redis_subscriber.hpp"
#include "nginx/request_flow.hpp"

namespace mezz::nginx::backends_test {

using Answer = Task<Result<ngx_int_t>>;

/// Keeps what it is told.
struct Listener final : RedisSubscriber::Handler {
    void on_message(std::string_view message) noexcept override { last = message; }
    void on_gap() noexcept override { ++gaps; }

    std::string last;
    unsigned gaps = 0;
};

/// Of a worker process; made in init_process.
struct Worker {
    std::unique_ptr<Backends> backends;
    Listener listener;
    std::unique_ptr<RedisSubscriber> subscriber;
};

/// This process's; null in the master.
extern Worker* worker;

/// The command in the query string, its arguments separated by commas.
Answer redis(RequestFlow& flow);
/// The same, without waiting for the answer.
Answer redis_send(RequestFlow& flow);
/// Stores and reads back ?n= bytes.
Answer redis_big(RequestFlow& flow);
/// The query that ?q= names, with the parameter ?p=.
Answer postgres(RequestFlow& flow);
/// Sends ?n= bytes and gets them back.
Answer postgres_big(RequestFlow& flow);
/// Both in turn, ?n= times.
Answer chain(RequestFlow& flow);
/// Statistics as JSON.
Answer status(RequestFlow& flow);

}  // namespace mezz::nginx::backends_test
