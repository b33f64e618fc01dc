// What an instance counts, in shared memory: for Prometheus.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "nginx/breaker.hpp"
#include "token/verdict.hpp"

namespace mezz::nginx {

/// What a request was for.
enum class RequestKind : std::uint8_t {
    none,
    playlist,
    manifest,
    init,
    segment,
    picture,
    api,
    upload,
    download
};

/// Where the catalog found a video.
enum class LookUp : std::uint8_t { memory, redis, postgres, stale, failed };

inline constexpr std::size_t kRequestKinds = 9;
inline constexpr std::size_t kStatusClasses = 5;  ///< 1xx to 5xx
inline constexpr std::size_t kLookUps = 5;
inline constexpr std::size_t kVerdicts = static_cast<std::size_t>(token::Verdict::internal) + 1;
inline constexpr std::size_t kMostWorkers = 128;
/// Upper bounds of the buckets of durations, in milliseconds; one more holds what is above.
inline constexpr std::array<ngx_msec_t, 6> kDurations{5, 25, 100, 500, 2000, 10000};

/// Of one worker, written by it alone.
struct WorkerMetrics {
    BackendStats redis;
    BackendStats postgres;
    ngx_pid_t pid;  ///< 0: no such worker
};

/// Lies in shared memory. Counts since the instance was started; a reload keeps them.
struct Metrics {
    using Counter = ngx_atomic_t;

    Counter requests[kRequestKinds][kStatusClasses];
    Counter durations[kRequestKinds][kDurations.size() + 1];
    Counter milliseconds[kRequestKinds];
    Counter bytes_sent[kRequestKinds];
    Counter bytes_received[kRequestKinds];
    Counter tokens[kVerdicts];
    Counter lookups[kLookUps];
    Counter kept_segments[2];  ///< that were not kept, that were
    Counter file_sends[2];     ///< with a thread, without
    Counter last_disk_read;    ///< see share_disk_reads()
    WorkerMetrics workers[kMostWorkers];
};

/// Registers the shared memory while the configuration is read, at most once; false if there is no memory.
[[nodiscard]] bool add_metrics(ngx_conf_t* cf, ngx_shm_zone_t*& zone) noexcept;

/// The instance's metrics; null until workers run, and where nothing is counted.
[[nodiscard]] Metrics* metrics() noexcept;

/// To be called in init_process.
void use_metrics(const ngx_shm_zone_t* zone) noexcept;

void count_token(token::Verdict verdict) noexcept;
void count_lookup(LookUp where) noexcept;
/// Of segments that are worth keeping: whether one was.
void count_kept_segment(bool hit) noexcept;
/// Of what is sent from files with `aio threads`: whether it was in memory, so that no thread was asked.
void count_file_send(bool cached) noexcept;

/// nginx's log phase handler: counts what a request that Mezz has answered came to.
ngx_int_t count_request(ngx_http_request_t* r) noexcept;

[[nodiscard]] std::string_view to_text(RequestKind kind) noexcept;
[[nodiscard]] std::string_view to_text(LookUp where) noexcept;

}  // namespace mezz::nginx
