// A connection to Redis that comes back by itself and never waits for long. For one thread.
#pragma once

#include <hiredis/hiredis.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "backend.hpp"

namespace mezz::worker {

/// Where Redis listens: host:port, or the path of a Unix socket.
struct RedisAddress {
    std::string host;  ///< empty for a Unix socket
    int port = 0;
    std::string path;
};

/// Parses "host:port", "[IPv6]:port" or "unix:/path".
[[nodiscard]] std::optional<RedisAddress> parse_redis_address(std::string_view text);

struct FreeReply {
    void operator()(redisReply* reply) const noexcept { freeReplyObject(reply); }
};
using RedisReply = std::unique_ptr<redisReply, FreeReply>;

class RedisLink {
public:
    /// The connection is made by the first command. The references must outlive the link.
    RedisLink(RedisAddress address, BackendHealth& health, const Abandon& abandon)
        : address_(std::move(address)), reconnection_(health), abandon_(abandon) {}

    /// Runs a command; its reply is never an error. After 3 s without a reply the connection is dropped.
    /// While there is no connection, fails at once except when it is time to try again.
    [[nodiscard]] Answer<RedisReply> command(const std::vector<std::string>& words);

    [[nodiscard]] const Reconnection& reconnection() const noexcept { return reconnection_; }

private:
    struct Free {
        void operator()(redisContext* context) const noexcept { redisFree(context); }
    };

    Answer<void> connect();

    RedisAddress address_;
    std::unique_ptr<redisContext, Free> context_;
    Reconnection reconnection_;
    const Abandon& abandon_;
};

}  // namespace mezz::worker
