// The databases of a worker.
#pragma once

#include <memory>
#include <optional>

#include "nginx/postgres_client.hpp"
#include "nginx/redis_client.hpp"

namespace mezz::nginx {

/// What directives say about them; either may be absent. Lives in the configuration's pool.
struct BackendsConf {
    std::optional<RedisAddress> redis;
    ngx_msec_t redis_time_limit = 500;
    std::optional<PostgresTarget> postgres;
    ngx_msec_t postgres_time_limit = 5000;
};

/// The clients that a configuration asks for.
struct Backends {
    /// To be called in init_process. Null if there is no memory, and in processes that serve no requests
    /// (nginx's cache manager runs init_process, too): see serves_requests().
    [[nodiscard]] static std::unique_ptr<Backends> create(const BackendsConf& conf) noexcept;

    std::unique_ptr<RedisClient> redis;        ///< null if not configured
    std::unique_ptr<PostgresClient> postgres;  ///< null if not configured
};

/// Whether this process is a worker, in init_process.
[[nodiscard]] inline bool serves_requests() noexcept {
    return ngx_process == NGX_PROCESS_WORKER || ngx_process == NGX_PROCESS_SINGLE;
}

}  // namespace mezz::nginx
