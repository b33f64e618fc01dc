// Indexes and titles in shared memory: one copy for all workers, the least recently used go first.
#pragma once

#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include "core/bytes.hpp"
#include "nginx/ngx.hpp"

namespace mezz::nginx {

struct ZoneEntry;

/// A block of bytes that stays where it is and as it is while this object lives: pinned in the zone, or,
/// where the zone has no room, owned. Aligned to 8 bytes. A pin is for the time of planning an answer: an
/// entry that has been pinned and not asked for during ten minutes may be evicted, as after a worker's death.
class Block {
public:
    Block() = default;
    Block(Block&& other) noexcept { *this = std::move(other); }
    Block& operator=(Block&& other) noexcept;
    ~Block() { release(); }

    [[nodiscard]] explicit operator bool() const noexcept { return !bytes_.empty(); }
    [[nodiscard]] Bytes bytes() const noexcept { return bytes_; }

private:
    friend class Zone;
    void release() noexcept;

    Bytes bytes_;
    std::vector<std::byte> owned_;
    ngx_shm_zone_t* zone_ = nullptr;
    ZoneEntry* entry_ = nullptr;
    std::uint64_t generation_ = 0;
};

/// Registers a zone while the configuration is read; null after a message.
ngx_shm_zone_t* add_zone(ngx_conf_t* cf, ngx_str_t& name, std::size_t size) noexcept;

/// Access to a zone from a worker. Calls take the zone's mutex for a short time.
class Zone {
public:
    explicit Zone(ngx_shm_zone_t* zone) noexcept : zone_(zone) {}

    /// The block stored under this key, pinned; an empty Block if there is none.
    [[nodiscard]] Block find(std::string_view key) const noexcept;

    /// Stores bytes under a key, unless another worker was faster, and returns the block that is stored. If
    /// there is no room even after evicting all that can be, the returned Block owns the bytes itself.
    [[nodiscard]] Block insert(std::string_view key, std::vector<std::byte> bytes) const noexcept;

private:
    ngx_shm_zone_t* zone_;
};

}  // namespace mezz::nginx
