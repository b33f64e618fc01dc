// One of the connections of a RedisClient.
#pragma once

#include <deque>

#include "nginx/redis_client.hpp"
#include "nginx/redis_link.hpp"

namespace mezz::nginx {

/// Commands under way over one link, in the order in which their answers come. A command that is not answered
/// in time costs the link, since the others behind it would wait as well.
class RedisConnection final : private RedisLink::Listener {
public:
    enum class Purpose : std::uint8_t { op, send, probe };

    explicit RedisConnection(RedisClient& client) noexcept;
    ~RedisConnection();

    [[nodiscard]] bool closed() const noexcept { return link_.closed(); }

    /// Sends a command, connecting first if need be. `op` is null unless the purpose is an operation. An
    /// error is one that was seen at once; otherwise the op will be settled.
    [[nodiscard]] Result<void> submit(const RedisCommand& command, Purpose purpose, RedisOp* op) noexcept;
    /// Nobody waits for this one's answer any more.
    void forget(const RedisOp& op) noexcept;
    /// Drops the link because something was not answered in time.
    void time_out() noexcept;

private:
    struct Pending {
        RedisOp* op;  // null if nobody waits
        Purpose purpose;
        ngx_msec_t deadline;
        std::size_t size;
    };

    void on_connected() noexcept override;
    void on_reply(RedisReply reply) noexcept override;
    void on_lost(std::string_view why) noexcept override;
    void on_shutdown() noexcept override;
    void on_timer() noexcept;
    [[nodiscard]] Result<void> remember(const RedisCommand& command, Purpose purpose, RedisOp* op) noexcept;
    void answer(const Pending& pending, RedisReply reply) noexcept;
    void rest() noexcept;
    void fail_all(const Error& error) noexcept;
    [[nodiscard]] Pending take_first() noexcept;

    RedisClient& client_;
    RedisLink link_;
    WorkerTimer timer_;
    std::deque<Pending> pending_;
    std::size_t unanswered_ = 0;  // bytes
    std::size_t owed_ = 0;        // of the pending ones, those that are no probe
    bool was_connected_ = false;  // the present or last link
};

}  // namespace mezz::nginx
