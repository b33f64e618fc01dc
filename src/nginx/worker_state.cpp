#include "nginx/worker_state.hpp"

#include "catalog/catalog_entry.hpp"
#include "core/uuid.hpp"
#include "nginx/catalog_lookup.hpp"
#include "nginx/descriptor_table.hpp"
#include "nginx/metrics.hpp"
#include "nginx/redis_subscriber.hpp"

namespace mezz::nginx {
namespace {

class Changes final : public RedisSubscriber::Handler {
public:
    void on_message(std::string_view message) noexcept override {
        try {
            if (const auto id = canonical_uuid(message)) forget_video(*id);
        } catch (const std::bad_alloc&) {
            doubt_all_videos();
        }
    }
    void on_gap() noexcept override { doubt_all_videos(); }
};

void report(void* data) noexcept;

struct WorkerState {
    std::unique_ptr<Backends> backends;
    std::optional<policy::Policy> policy;
    ngx_shm_zone_t* zone = nullptr;
    ngx_shm_zone_t* segments = nullptr;
    Changes changes;
    std::optional<RedisSubscriber> subscriber;
    WorkerTimer reporting{this, report};
};

// Made in init_process: what the master made would be shared by all workers.
constinit WorkerState* state = nullptr;

// Each worker tells the others about its clients, since any of them answers for the metrics of all.
void report(void* data) noexcept {
    auto* worker = static_cast<WorkerState*>(data);
    constexpr ngx_msec_t kInterval = 1000;
    worker->reporting.start(kInterval, true);
    Metrics* all = metrics();
    // The place of a worker that quits belongs to the one that takes over.
    if (all == nullptr || ngx_worker >= kMostWorkers || ngx_exiting) return;
    WorkerMetrics& mine = all->workers[ngx_worker];
    if (worker->backends->redis) mine.redis = worker->backends->redis->stats();
    if (worker->backends->postgres) mine.postgres = worker->backends->postgres->stats();
    mine.pid = ngx_pid;
}

bool start(const MainConf& conf, WorkerState& worker, ngx_log_t* log) {
    worker.zone = conf.zone;
    worker.segments = conf.segments;
    worker.backends = Backends::create(*conf.backends);
    if (worker.backends == nullptr) return false;
    if (conf.backends->redis && conf.zone != nullptr)
        worker.subscriber.emplace(*conf.backends->redis, catalog::kInvalidateChannel, worker.changes,
                                  RedisSubscriber::Times{});
    use_metrics(conf.metrics);
    report(&worker);
    if (conf.rules == nullptr) return true;
    auto made = policy::Policy::make(*conf.rules);
    if (!made) {
        log_line(log, NGX_LOG_EMERG, 0, "mezz: the operator's rules cannot be loaded: %s",
                 made.error().c_str());
        return false;
    }
    worker.policy.emplace(std::move(*made));
    return true;
}

}  // namespace

ngx_int_t init_worker(ngx_cycle_t* cycle) noexcept {
    if (!serves_requests()) return NGX_OK;
    const auto* conf =
        static_cast<const MainConf*>(ngx_http_cycle_get_module_main_conf(cycle, ngx_http_mezz_module));
    if (conf == nullptr) return NGX_OK;
    reserve_descriptors(cycle->connection_n);
    try {
        auto made = std::make_unique<WorkerState>();
        if (!start(*conf, *made, cycle->log)) return NGX_ERROR;
        state = made.release();
        return NGX_OK;
    } catch (const std::bad_alloc&) {
        log_line(cycle->log, NGX_LOG_EMERG, 0, "mezz: no memory to start a worker");
        return NGX_ERROR;
    }
}

void exit_worker(ngx_cycle_t* /*cycle*/) noexcept {
    Metrics* all = metrics();
    if (all != nullptr && ngx_worker < kMostWorkers && all->workers[ngx_worker].pid == ngx_pid)
        all->workers[ngx_worker].pid = 0;
    delete std::exchange(state, nullptr);
}

RedisClient* redis_client() noexcept {
    return state->backends->redis.get();
}

PostgresClient& postgres_client() noexcept {
    return *state->backends->postgres;
}

policy::Policy& rules() noexcept {
    return *state->policy;
}

ngx_shm_zone_t* worker_zone() noexcept {
    return state->zone;
}

ngx_shm_zone_t* worker_segments() noexcept {
    return state->segments;
}

BackendHealth backend_health() noexcept {
    BackendHealth health;
    if (state->backends->redis) health.redis = state->backends->redis->up();
    if (state->backends->postgres) health.postgres = state->backends->postgres->up();
    return health;
}

}  // namespace mezz::nginx
