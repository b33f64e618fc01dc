// Indexes and titles in shared memory: one copy for all workers, the least recently used go first.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "core/bytes.hpp"
#include "nginx/block_cache.hpp"
#include "nginx/ngx.hpp"

namespace mezz::nginx {

struct ZonePin;

/// Bytes of the pieces that Zone::reserve() makes, but the last one.
inline constexpr std::size_t kZonePiece = std::size_t{16} << 10;

/// What the zone stores of them, followed by where they begin: the same in all workers.
struct ZonePieces {
    std::uint64_t size;

    [[nodiscard]] std::byte** begin() noexcept { return reinterpret_cast<std::byte**>(this + 1); }
    [[nodiscard]] std::byte* const* begin() const noexcept {
        return reinterpret_cast<std::byte* const*>(this + 1);
    }
};

/// A block of bytes that stays where it is and as it is while this object lives: pinned in the zone, or,
/// where the zone cannot store it, in this worker's memory. Aligned to 8 bytes. A pinned block takes room
/// that others need: hold it for the time of planning an answer, not of sending it, but where the calls that
/// gave it limit what all blocks in use take.
class Block {
public:
    Block() = default;
    Block(Block&& other) noexcept
        : bytes_(std::exchange(other.bytes_, {})),
          owned_(std::move(other.owned_)),
          zone_(other.zone_),
          pin_(std::exchange(other.pin_, nullptr)) {}
    Block& operator=(Block&& other) noexcept {
        std::swap(bytes_, other.bytes_);
        std::swap(owned_, other.owned_);
        std::swap(zone_, other.zone_);
        std::swap(pin_, other.pin_);
        return *this;
    }
    ~Block() {
        if (pin_ != nullptr) release();
    }

    [[nodiscard]] explicit operator bool() const noexcept { return !bytes_.empty(); }
    [[nodiscard]] Bytes bytes() const noexcept { return bytes_; }

    /// Of a block that Zone::reserve() has made: how many bytes it holds, and where. They are the caller's to
    /// write until Zone::publish().
    [[nodiscard]] std::size_t size() const noexcept { return in_pieces().size; }
    [[nodiscard]] std::vector<std::span<std::byte>> pieces() const;

private:
    friend class Zone;
    explicit Block(SharedBytes owned) noexcept : bytes_(*owned), owned_(std::move(owned)) {}
    Block(ngx_shm_zone_t* zone, ZonePin& pin) noexcept;
    void release() noexcept;
    [[nodiscard]] const ZonePieces& in_pieces() const noexcept {
        return *reinterpret_cast<const ZonePieces*>(bytes_.data());
    }

    Bytes bytes_;
    SharedBytes owned_;
    ngx_shm_zone_t* zone_ = nullptr;
    ZonePin* pin_ = nullptr;
};

/// Registers a zone while the configuration is read; null after a message.
ngx_shm_zone_t* add_zone(ngx_conf_t* cf, ngx_str_t& name, std::size_t size) noexcept;

/// Access to a zone from a worker. Calls take the zone's mutex for a short time. What the zone cannot store,
/// as it is too large, or as a worker has died and damaged the zone, is kept in a small cache of this worker
/// until the zone can. A key names the same bytes for ever, but for those that replace() and remove() are
/// used with.
class Zone {
public:
    explicit Zone(ngx_shm_zone_t* zone) noexcept : zone_(zone) {}

    /// The block stored under this key; an empty Block if there is none.
    [[nodiscard]] Block find(std::string_view key) const noexcept;

    /// Stores bytes under a key, unless another worker was faster, and returns the block that is stored.
    [[nodiscard]] Block insert(std::string_view key, std::vector<std::byte> bytes) const;

    /// Stores other bytes under a key. Who holds the old block keeps it as it was.
    [[nodiscard]] Block replace(std::string_view key, std::vector<std::byte> bytes) const {
        remove(key);
        return insert(key, std::move(bytes));
    }

    /// The block that lies in the zone itself; empty also if with it the blocks in use would take more than
    /// `most_in_use` bytes of the zone.
    [[nodiscard]] Block find_stored(std::string_view key, std::size_t most_in_use) const noexcept;

    /// A block of `size` bytes of the zone, in pieces, that nobody finds before publish(); empty if there is
    /// no room, or as find_stored(). It is given back if it is dropped.
    [[nodiscard]] Block reserve(std::string_view key, std::size_t size,
                                std::size_t most_in_use) const noexcept;

    /// Lets all find what reserve() gave. Returns the block that is stored: another one if another request
    /// was faster.
    [[nodiscard]] Block publish(Block filled) const noexcept;

    /// Nobody finds this key any more.
    void remove(std::string_view key) const noexcept;

private:
    [[nodiscard]] Block store(std::string_view key, Bytes data) const noexcept;

    ngx_shm_zone_t* zone_;
};

}  // namespace mezz::nginx
