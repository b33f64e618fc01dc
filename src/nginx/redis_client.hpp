// Redis for coroutines: commands of all requests of a worker over a few connections.
#pragma once

#include <array>
#include <memory>

#include "nginx/backend_op.hpp"
#include "nginx/breaker.hpp"
#include "nginx/redis_address.hpp"
#include "nginx/redis_message.hpp"

namespace mezz::nginx {

class RedisOp;
class RedisConnection;

/// One per worker and server, made in init_process and destroyed in exit_process. Commands take turns on two
/// connections, so a slow one holds up only those behind it on the same connection, and each connection keeps
/// their order; connections are opened when needed. Nothing blocks.
class RedisClient final : private Breaker::Prober {
public:
    /// `time_limit` in milliseconds is for a command from its start to its answer, connecting included.
    RedisClient(RedisAddress address, ngx_msec_t time_limit);
    ~RedisClient();
    RedisClient(const RedisClient&) = delete;
    RedisClient& operator=(const RedisClient&) = delete;

    /// Sends a command whose answer nobody waits for; an error in it is logged. False if that is known to
    /// fail at once. A worker that quits waits for the answer.
    bool send(const RedisCommand& command) noexcept;

    [[nodiscard]] ngx_msec_t time_limit() const noexcept { return time_limit_; }
    [[nodiscard]] const BackendStats& stats() const noexcept { return stats_; }
    /// Whether Redis answered last time; false until it has done so once.
    [[nodiscard]] bool up() const noexcept { return breaker_.up(); }

private:
    friend class RedisOp;
    friend class RedisConnection;

    [[nodiscard]] Result<void> submit(const RedisCommand& command, RedisOp* op) noexcept;
    void probe() noexcept override;

    RedisAddress address_;
    ngx_msec_t time_limit_;
    BackendStats stats_;
    Breaker breaker_;
    RedisCommand ping_{"PING"};
    std::array<std::unique_ptr<RedisConnection>, 2> connections_;
    std::size_t turn_ = 0;
    std::size_t host_ = 0;  // which of the addresses is tried
};

/// See run().
class RedisOp final : public BackendOp<RedisOp, RedisReply> {
public:
    RedisOp(RedisClient& client, const RedisCommand& command, std::source_location where) noexcept;
    ~RedisOp();

    bool start() noexcept;
    void on_time_limit() noexcept override;

private:
    friend class RedisConnection;

    RedisClient& client_;
    const RedisCommand& command_;
    RedisConnection* connection_ = nullptr;  // while its answer is awaited
};

/// `const auto reply = co_await run(flow, client, command);` with a command that is a variable. Fails with
/// busy if Redis is away, too slow, or not ready, and with internal, after a line in the log, if it answers
/// with an error.
[[nodiscard]] inline RedisOp run(Flow& /*flow*/, RedisClient& client, const RedisCommand& command,
                                 std::source_location where = std::source_location::current()) noexcept {
    return {client, command, where};
}
RedisOp run(Flow& flow, RedisClient& client, RedisCommand&& command) = delete;

}  // namespace mezz::nginx
