// Messages that others publish in Redis.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "nginx/redis_address.hpp"
#include "nginx/redis_link.hpp"
#include "nginx/redis_message.hpp"
#include "nginx/worker_timer.hpp"

namespace mezz::nginx {

/// One subscription to one channel over a connection of its own, from construction (init_process) to
/// destruction (exit_process). It comes back by itself after any loss. A worker that quits stays subscribed
/// as long as its last requests run, and does not wait for it.
class RedisSubscriber final : private RedisLink::Listener {
public:
    /// Its functions are called from the event loop; they must not destroy the subscriber.
    class Handler {
    public:
        virtual void on_message(std::string_view message) noexcept = 0;
        /// The subscription stands from now on, and messages before that may have been missed. Called after
        /// each (re)subscription, the first one included: what was remembered before it may be stale.
        virtual void on_gap() noexcept = 0;

    protected:
        ~Handler() = default;
    };

    struct Times {
        ngx_msec_t limit = 1000;          ///< for connecting, subscribing and answering a ping
        ngx_msec_t ping_interval = 5000;  ///< of silence, after which the server is pinged
    };
    struct Stats {
        std::uint64_t messages = 0;
        std::uint64_t subscriptions = 0;  ///< how often the subscription was made
        bool subscribed = false;
    };

    RedisSubscriber(RedisAddress address, std::string_view channel, Handler& handler, Times times);
    ~RedisSubscriber();

    [[nodiscard]] const Stats& stats() const noexcept { return stats_; }

private:
    enum class State : std::uint8_t { waiting, subscribing, subscribed, pinged, ended };

    void on_connected() noexcept override;
    void on_reply(RedisReply reply) noexcept override;
    void on_lost(std::string_view why) noexcept override;
    void on_shutdown() noexcept override;
    void on_timer() noexcept;
    void begin() noexcept;
    void subscribed() noexcept;

    RedisAddress address_;
    RedisCommand subscribe_;
    RedisCommand ping_{"PING"};
    Handler& handler_;
    Times times_;
    RedisLink link_;
    WorkerTimer timer_;
    Stats stats_;
    State state_ = State::waiting;
    bool heard_ = false;  // something since the timer was started
    bool logged_ = false;
    unsigned failures_ = 0;  // in a row
};

}  // namespace mezz::nginx
