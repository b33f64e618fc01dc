// One connection to Redis.
#pragma once

#include <memory>
#include <string_view>

#include "nginx/foreign_fd.hpp"
#include "nginx/redis_address.hpp"
#include "nginx/redis_message.hpp"

struct redisContext;

namespace mezz::nginx {

/// A connection that sends commands and reports replies in the order in which they come. It knows nothing of
/// time; its owner closes it when it takes too long.
class RedisLink final : private ForeignFd::Listener {
public:
    /// Each function may close and reopen the link, none may destroy it.
    class Listener {
    public:
        virtual void on_connected() noexcept = 0;
        virtual void on_reply(RedisReply reply) noexcept = 0;
        /// The link is closed; `why` is for the log and valid during the call.
        virtual void on_lost(std::string_view why) noexcept = 0;
        /// See ForeignFd::Listener.
        virtual void on_shutdown() noexcept = 0;

    protected:
        ~Listener() = default;
    };

    explicit RedisLink(Listener& listener) noexcept;
    ~RedisLink();

    /// Begins to connect to one of the address's hosts, by number (modulo their count). Whatever happens,
    /// even at once, is told to the listener.
    void open(const RedisAddress& address, std::size_t host) noexcept;
    void close() noexcept;

    [[nodiscard]] bool closed() const noexcept { return context_ == nullptr; }
    [[nodiscard]] bool connected() const noexcept { return connected_; }

    /// Sends a command, or keeps it until that is possible. False if there is no memory; the connection is
    /// then of no use any more. A failure to write is told to the listener, possibly before this returns.
    [[nodiscard]] bool send(const RedisCommand& command) noexcept;

    /// Notices, before the event loop does, that an idle link was closed by the server; tells the listener.
    void check() noexcept;

    /// See ForeignFd.
    void set_idle(bool idle) noexcept;

private:
    struct Free {
        void operator()(redisContext* context) const noexcept;
    };

    void on_readable() noexcept override;
    void on_writable() noexcept override;
    void on_shutdown() noexcept override { listener_.on_shutdown(); }
    void flush() noexcept;
    void lose(std::string_view why) noexcept;

    Listener& listener_;
    ForeignFd fd_;
    std::unique_ptr<redisContext, Free> context_;
    bool connected_ = false;
};

}  // namespace mezz::nginx
