#include "nginx/zone.hpp"

#include <algorithm>

#include "nginx/zone_memory.hpp"

namespace mezz::nginx {
namespace {

constexpr std::size_t kCachedBlocks = 64;
constexpr std::size_t kCachedBytes = std::size_t{64} << 20;

// Of this worker. The key tells all about the bytes, so zones may share it.
BlockCache& cache() noexcept {
    static BlockCache blocks(kCachedBlocks, kCachedBytes);
    return blocks;
}

}  // namespace

ngx_shm_zone_t* add_zone(ngx_conf_t* cf, ngx_str_t& name, std::size_t size) noexcept {
    static int tag;
    ngx_shm_zone_t* zone = ngx_shared_memory_add(cf, &name, size, &tag);
    if (zone != nullptr) zone->init = init_zone;
    return zone;
}

Block::Block(ngx_shm_zone_t* zone, ZonePin& pin) noexcept
    : bytes_(zone_data(*pin.entry)), zone_(zone), pin_(&pin) {}

void Block::release() noexcept {
    ZoneLock(zone_).release(*pin_);
    pin_ = nullptr;
}

std::vector<std::span<std::byte>> Block::pieces() const {
    std::vector<std::span<std::byte>> found;
    found.reserve(size() / kZonePiece + 1);
    std::byte* const* piece = in_pieces().begin();
    for (std::size_t left = size(); left > 0; left -= found.back().size())
        found.emplace_back(*piece++, std::min(left, kZonePiece));
    return found;
}

Block Zone::find(std::string_view key) const noexcept {
    {
        ZoneLock lock(zone_);
        ZoneEntry* entry = lock.sound() ? lock.find(key) : nullptr;
        ZonePin* pin = entry == nullptr ? nullptr : lock.pin(*entry);
        if (pin != nullptr) return Block(zone_, *pin);
    }
    SharedBytes cached = cache().find(key);
    if (cached == nullptr) return {};
    Block stored = store(key, *cached);
    if (!stored) return Block(std::move(cached));
    cache().erase(key);
    return stored;
}

Block Zone::insert(std::string_view key, std::vector<std::byte> bytes) const {
    Block stored = store(key, bytes);
    if (stored) return stored;
    auto owned = std::make_shared<const std::vector<std::byte>>(std::move(bytes));
    cache().put(key, owned);
    return Block(std::move(owned));
}

void Zone::remove(std::string_view key) const noexcept {
    cache().erase(key);
    ZoneLock lock(zone_);
    ZoneEntry* entry = lock.sound() ? lock.find(key) : nullptr;
    if (entry != nullptr) lock.unlink(*entry);
}

Block Zone::find_stored(std::string_view key, std::size_t most_in_use) const noexcept {
    ZoneLock lock(zone_);
    ZoneEntry* entry = lock.sound() ? lock.find(key) : nullptr;
    if (entry == nullptr) return {};
    const std::size_t added = entry->pins == 0 ? zone_entry_size(*entry) : 0;
    ZonePin* pin = lock.may_use(added, most_in_use) ? lock.pin(*entry) : nullptr;
    return pin == nullptr ? Block() : Block(zone_, *pin);
}

Block Zone::reserve(std::string_view key, std::size_t size, std::size_t most_in_use) const noexcept {
    ZonePin* mine = nullptr;
    {
        ZoneLock lock(zone_);
        const std::size_t added = zone_pieces_size(key.size(), size);
        if (!lock.sound() || added > lock.largest() || !lock.may_use(added, most_in_use)) return {};
        mine = lock.reserve_pieces(key, size);
    }
    if (mine == nullptr) return {};
    fill_zone_entry(*mine->entry, key, {});
    return Block(zone_, *mine);
}

Block Zone::publish(Block filled) const noexcept {
    ZoneLock lock(zone_);
    if (!lock.sound()) return filled;
    ZoneEntry& mine = *filled.pin_->entry;
    ZoneEntry* other = lock.find(zone_key(mine));
    ZonePin* pin = other == nullptr ? nullptr : lock.pin(*other);
    if (other == nullptr) lock.link(mine);
    if (pin == nullptr) return filled;
    lock.release(*std::exchange(filled.pin_, nullptr));
    return Block(zone_, *pin);
}

// Empty if the zone cannot store the bytes. They are copied without the mutex: a large index takes a while,
// and a worker that dies meanwhile leaves an entry that nobody can find.
Block Zone::store(std::string_view key, Bytes data) const noexcept {
    const std::size_t size = zone_entry_size(key.size(), data.size());
    ZonePin* mine = nullptr;
    {
        ZoneLock lock(zone_);
        if (!lock.sound()) return {};
        if (ZoneEntry* entry = lock.find(key); entry != nullptr) {
            ZonePin* pin = lock.pin(*entry);
            return pin == nullptr ? Block() : Block(zone_, *pin);
        }
        if (size <= lock.largest()) mine = lock.reserve(key, data.size());
        if (mine == nullptr) {
            lock.warn(size > lock.largest() ? NoFit::too_large : NoFit::no_room, size);
            return {};
        }
    }
    fill_zone_entry(*mine->entry, key, data);
    return publish(Block(zone_, *mine));
}

}  // namespace mezz::nginx
