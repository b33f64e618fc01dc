// What a worker process owns while it serves requests: clients, rules, the subscription to changes.
#pragma once

#include "nginx/backends.hpp"
#include "nginx/conf.hpp"

namespace mezz::nginx {

/// For ngx_module_t. A process that serves no requests gets nothing.
ngx_int_t init_worker(ngx_cycle_t* cycle) noexcept;
void exit_worker(ngx_cycle_t* cycle) noexcept;

/// Null without `mezz_redis`.
[[nodiscard]] RedisClient* redis_client() noexcept;

/// To be called only where the configuration is known to have `mezz_postgres`.
[[nodiscard]] PostgresClient& postgres_client() noexcept;

/// To be called only where the configuration is known to have `mezz_policy`.
[[nodiscard]] policy::Policy& rules() noexcept;

/// The zone of the configuration; to be called only where there is one.
[[nodiscard]] ngx_shm_zone_t* worker_zone() noexcept;

/// The memory of the segment cache; null where there is none.
[[nodiscard]] ngx_shm_zone_t* worker_segments() noexcept;

/// Whether PostgreSQL and Redis answer, as far as they are configured.
struct BackendHealth {
    std::optional<bool> redis;
    std::optional<bool> postgres;
};
[[nodiscard]] BackendHealth backend_health() noexcept;

}  // namespace mezz::nginx
