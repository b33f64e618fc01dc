// Segments that had to be put together, kept in shared memory: one copy for all workers.
#pragma once

#include "nginx/zone.hpp"

namespace mezz::nginx {

/// Registers the shared memory while the configuration is read; null after a message.
ngx_shm_zone_t* add_segment_zone(ngx_conf_t* cf, std::size_t size) noexcept;

/// What the metrics tell of it.
struct SegmentCacheUse {
    std::uint64_t bytes = 0;      ///< that it may take
    std::uint64_t kept = 0;       ///< bytes of segments
    std::uint64_t evictions = 0;  ///< segments that made room for others
};
[[nodiscard]] SegmentCacheUse segment_cache_use(const ngx_shm_zone_t* zone) noexcept;

/// A segment is kept when it is asked for again before some thousands of others, by whichever worker, so that
/// one pass over many titles pushes nothing out. Blocks are sent from where they lie. Those that are in use
/// take at most a quarter of the memory, however slow clients are: beyond it segments are neither found nor
/// kept. A key names the same bytes for ever.
class SegmentCache {
public:
    explicit SegmentCache(ngx_shm_zone_t* zone) noexcept : zone_(zone) {}

    /// The segment of that key; an empty Block if it is not kept.
    [[nodiscard]] Block find(std::string_view key) const noexcept;

    /// Room for a segment of `size` bytes, to be filled and then given to publish(); empty if it is not worth
    /// keeping, too large, or if there is no room. Dropping it is no harm.
    [[nodiscard]] Block reserve(std::string_view key, std::size_t size) const noexcept;

    /// Lets all workers find a filled segment. Returns the block to be sent.
    [[nodiscard]] Block publish(Block filled) const noexcept {
        return Zone(zone_).publish(std::move(filled));
    }

private:
    [[nodiscard]] std::size_t most_in_use() const noexcept { return zone_->shm.size / 4; }

    ngx_shm_zone_t* zone_;
};

}  // namespace mezz::nginx
