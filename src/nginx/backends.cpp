#include "nginx/backends.hpp"

namespace mezz::nginx {

std::unique_ptr<Backends> Backends::create(const BackendsConf& conf) noexcept {
    if (!serves_requests()) return nullptr;
    try {
        auto backends = std::make_unique<Backends>();
        if (conf.redis) backends->redis = std::make_unique<RedisClient>(*conf.redis, conf.redis_time_limit);
        if (conf.postgres)
            backends->postgres = std::make_unique<PostgresClient>(*conf.postgres, conf.postgres_time_limit);
        return backends;
    } catch (const std::bad_alloc&) {
        log_line(ngx_cycle->log, NGX_LOG_ERR, 0, "mezz: no memory for the clients of Redis and PostgreSQL");
        return nullptr;
    }
}

}  // namespace mezz::nginx
