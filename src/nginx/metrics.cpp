#include "nginx/metrics.hpp"

#include "nginx/disk_reads.hpp"
#include "nginx/request_info.hpp"

namespace mezz::nginx {
namespace {

constinit Metrics* current = nullptr;

ngx_slab_pool_t* pool_of(const ngx_shm_zone_t* zone) noexcept {
    return reinterpret_cast<ngx_slab_pool_t*>(zone->shm.addr);
}

ngx_int_t init_metrics(ngx_shm_zone_t* zone, void* old) noexcept {
    ngx_slab_pool_t* pool = pool_of(zone);
    zone->data = zone;
    if (old != nullptr || zone->shm.exists) return NGX_OK;
    pool->data = ngx_slab_calloc(pool, sizeof(Metrics));
    return pool->data == nullptr ? NGX_ERROR : NGX_OK;
}

void add(Metrics::Counter& counter, ngx_atomic_int_t n) noexcept {
    (void)ngx_atomic_fetch_add(&counter, n);
}

ngx_msec_t duration_of(const ngx_http_request_t* r) noexcept {
    const ngx_time_t* now = ngx_timeofday();
    const ngx_msec_int_t ms = static_cast<ngx_msec_int_t>((now->sec - r->start_sec) * 1000) +
                              static_cast<ngx_msec_int_t>(now->msec) -
                              static_cast<ngx_msec_int_t>(r->start_msec);
    return static_cast<ngx_msec_t>(std::max<ngx_msec_int_t>(ms, 0));
}

std::size_t status_class(const ngx_http_request_t* r) noexcept {
    ngx_uint_t status = r->err_status != 0 ? r->err_status : r->headers_out.status;
    constexpr ngx_uint_t kClientLeft = 499;
    if (status == 0) status = kClientLeft;
    return std::clamp<std::size_t>(status / 100, 1, kStatusClasses) - 1;
}

}  // namespace

bool add_metrics(ngx_conf_t* cf, ngx_shm_zone_t*& zone) noexcept {
    if (zone != nullptr) return true;
    static int tag;
    ngx_str_t name = ngx_string("mezz_metrics");
    const std::size_t size = (sizeof(Metrics) / ngx_pagesize + 16) * ngx_pagesize;
    zone = ngx_shared_memory_add(cf, &name, size, &tag);
    if (zone != nullptr) zone->init = init_metrics;
    return zone != nullptr;
}

Metrics* metrics() noexcept {
    return current;
}

void use_metrics(const ngx_shm_zone_t* zone) noexcept {
    current = zone == nullptr ? nullptr : static_cast<Metrics*>(pool_of(zone)->data);
    if (current != nullptr) share_disk_reads(&current->last_disk_read);
}

void count_token(token::Verdict verdict) noexcept {
    if (current != nullptr) add(current->tokens[static_cast<std::size_t>(verdict)], 1);
}

void count_lookup(LookUp where) noexcept {
    if (current != nullptr) add(current->lookups[static_cast<std::size_t>(where)], 1);
}

void count_kept_segment(bool hit) noexcept {
    if (current != nullptr) add(current->kept_segments[hit ? 1 : 0], 1);
}

void count_file_send(bool cached) noexcept {
    if (current != nullptr) add(current->file_sends[cached ? 1 : 0], 1);
}

ngx_int_t count_request(ngx_http_request_t* r) noexcept {
    const RequestInfo* info = find_request_info(r);
    if (info != nullptr && info->verdict) count_token(*info->verdict);
    if (current == nullptr || info == nullptr || info->kind == RequestKind::none) return NGX_OK;
    const auto kind = static_cast<std::size_t>(info->kind);
    const ngx_msec_t ms = duration_of(r);
    std::size_t bucket = 0;
    while (bucket < kDurations.size() && ms > kDurations[bucket])
        ++bucket;
    add(current->requests[kind][status_class(r)], 1);
    add(current->durations[kind][bucket], 1);
    add(current->milliseconds[kind], static_cast<ngx_atomic_int_t>(ms));
    add(current->bytes_sent[kind], r->connection->sent);
    add(current->bytes_received[kind], r->request_length);
    return NGX_OK;
}

std::string_view to_text(RequestKind kind) noexcept {
    constexpr std::array<std::string_view, kRequestKinds> kNames{
        "none", "playlist", "manifest", "init", "segment", "picture", "api", "upload", "download"};
    return kNames[static_cast<std::size_t>(kind)];
}

std::string_view to_text(LookUp where) noexcept {
    constexpr std::array<std::string_view, kLookUps> kNames{"memory", "redis", "postgres", "stale", "failed"};
    return kNames[static_cast<std::size_t>(where)];
}

}  // namespace mezz::nginx
