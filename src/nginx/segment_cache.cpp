#include "nginx/segment_cache.hpp"

#include <algorithm>

#include "core/hash.hpp"
#include "core/seen_keys.hpp"
#include "nginx/zone_memory.hpp"

namespace mezz::nginx {
namespace {

using Seen = SeenKeys<4096>;

// What is saved is the same for each, the reads of some hundred pieces: the larger, the less it is worth.
constexpr std::size_t kLargest = std::size_t{384} << 10;

// At the end of the memory, behind the zone's own header.
Seen& seen_of(const ngx_shm_zone_t* zone) noexcept {
    constexpr std::uintptr_t kLine = 64;
    u_char* place = zone->shm.addr + zone->shm.size - sizeof(Seen);
    return *reinterpret_cast<Seen*>(place - reinterpret_cast<std::uintptr_t>(place) % kLine);
}

ngx_int_t init(ngx_shm_zone_t* zone, void* old) noexcept {
    if (old == nullptr && !zone->shm.exists) {
        Seen* seen = ::new (&seen_of(zone)) Seen;
        reinterpret_cast<ngx_slab_pool_t*>(zone->shm.addr)->end = reinterpret_cast<u_char*>(seen);
    }
    return init_zone(zone, old);
}

}  // namespace

ngx_shm_zone_t* add_segment_zone(ngx_conf_t* cf, std::size_t size) noexcept {
    static int tag;
    ngx_str_t name = ngx_string("mezz_segments");
    ngx_shm_zone_t* zone = ngx_shared_memory_add(cf, &name, size, &tag);
    if (zone != nullptr) zone->init = init;
    return zone;
}

SegmentCacheUse segment_cache_use(const ngx_shm_zone_t* zone) noexcept {
    const ZoneHeader& header = zone_header(zone);
    return {.bytes = zone->shm.size, .kept = header.kept, .evictions = header.evictions};
}

Block SegmentCache::find(std::string_view key) const noexcept {
    return Zone(zone_).find_stored(key, most_in_use());
}

Block SegmentCache::reserve(std::string_view key, std::size_t size) const noexcept {
    if (size > std::min(kLargest, zone_->shm.size / 8)) return {};
    if (!seen_of(zone_).see(hash_of(key))) return {};
    return Zone(zone_).reserve(key, size, most_in_use());
}

}  // namespace mezz::nginx
