// Where a Redis server listens.
#pragma once

#include <string>
#include <vector>

#include "nginx/ngx.hpp"

namespace mezz::nginx {

/// A Redis server's address, resolved: connecting never asks for a name.
struct RedisAddress {
    std::string name;                ///< as written, for the log
    std::vector<std::string> hosts;  ///< numeric addresses to be tried in turn, IPv4 first
    int port = 0;
    std::string path;  ///< of a Unix socket, instead of hosts and port
};

/// Reads host:port, host, [ipv6]:port or unix:/path while the configuration is read; 6379 is the default
/// port. Logs what is wrong and returns false if that fails.
[[nodiscard]] bool parse_redis_address(ngx_conf_t* cf, const ngx_str_t& text, RedisAddress& address);

}  // namespace mezz::nginx
