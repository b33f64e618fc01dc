#include "nginx/zone_memory.hpp"

#include <algorithm>
#include <cstring>
#include <functional>
#include <new>

namespace mezz::nginx {
namespace {

constexpr std::uint64_t kZoneVersion = 4;
constexpr int kEvictionSteps = 64;
constexpr std::size_t kAlwaysEvicted = std::size_t{256} << 10;
constexpr ngx_msec_t kMinute = 60000;

ngx_slab_pool_t* pool_of(const ngx_shm_zone_t* zone) noexcept {
    return reinterpret_cast<ngx_slab_pool_t*>(zone->shm.addr);
}

std::size_t data_offset(std::size_t key_size) noexcept {
    return (sizeof(ZoneEntry) + key_size + 7) / 8 * 8;
}

std::size_t piece_count(std::size_t size) noexcept {
    return (size + kZonePiece - 1) / kZonePiece;
}

// The data of an entry in pieces.
std::size_t table_size(std::size_t pieces) noexcept {
    return sizeof(ZonePieces) + pieces * sizeof(std::byte*);
}

ZonePieces& pieces_of(ZoneEntry& entry) noexcept {
    return *reinterpret_cast<ZonePieces*>(const_cast<std::byte*>(zone_data(entry).data()));
}

// All processes that use a zone are of one build of the module.
ngx_rbtree_key_t hash_key(std::string_view key) noexcept {
    return std::hash<std::string_view>{}(key);
}

ZoneEntry& entry_of(ngx_rbtree_node_t* node) noexcept {
    return *reinterpret_cast<ZoneEntry*>(node);
}

void insert_node(ngx_rbtree_node_t* at, ngx_rbtree_node_t* node, ngx_rbtree_node_t* sentinel) noexcept {
    for (;;) {
        const bool left =
            node->key != at->key ? node->key < at->key : zone_key(entry_of(node)) < zone_key(entry_of(at));
        ngx_rbtree_node_t*& next = left ? at->left : at->right;
        if (next == sentinel) {
            next = node;
            break;
        }
        at = next;
    }
    node->parent = at;
    node->left = node->right = sentinel;
    ngx_rbt_red(node);
}

// Makes everything empty but what tells that the zone is being changed.
void clear(ngx_slab_pool_t* pool, ZoneHeader& header) noexcept {
    ngx_slab_init(pool);
    pool->log_nomem = 0;  // a full zone is its normal state
    ngx_rbtree_init(&header.tree, &header.sentinel, insert_node);
    ngx_queue_init(&header.recent);
    header.no_room_for = 0;
    header.kept = 0;
    header.in_use = 0;
    for (ZoneWorker& worker : header.workers)
        worker = {};
}

}  // namespace

// Between its beginning and its end the zone is damaged if its worker dies.
class ZoneLock::Change {
public:
    explicit Change(ZoneHeader& header) noexcept : header_(header) {
        header_.changing = 1;
        ngx_memory_barrier();
    }
    ~Change() {
        ngx_memory_barrier();
        header_.changing = 0;
    }
    Change(const Change&) = delete;
    Change& operator=(const Change&) = delete;

private:
    ZoneHeader& header_;
};

ZoneLock::ZoneLock(ngx_shm_zone_t* zone) noexcept
    : zone_(zone), pool_(pool_of(zone)), header_(*static_cast<ZoneHeader*>(pool_->data)) {
    ngx_shmtx_lock(&pool_->mutex);
    if (header_.changing != 0 && header_.damaged == 0) {
        header_.damaged = 1;
        ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                      "mezz: a worker died while it changed zone \"%V\": each worker caches for itself until "
                      "no request uses it",
                      &zone->shm.name);
    }
    if (header_.damaged != 0 && quiet()) start_over();
}

bool ZoneLock::sound() const noexcept {
    return header_.damaged == 0 && header_.version == kZoneVersion;
}

// `damaged` is cleared before `changing`, and both last: who dies in between leaves one of them set, and the
// next holder does all this again.
void ZoneLock::start_over() noexcept {
    const Change change(header_);
    clear(pool_, header_);
    ngx_memory_barrier();
    header_.damaged = 0;
    ngx_log_error(NGX_LOG_NOTICE, ngx_cycle->log, 0, "mezz: zone \"%V\" begins anew", &zone_->shm.name);
}

ZoneEntry* ZoneLock::find(std::string_view key) noexcept {
    const ngx_rbtree_key_t h = hash_key(key);
    ngx_rbtree_node_t* node = header_.tree.root;
    while (node != header_.tree.sentinel) {
        const std::string_view stored = zone_key(entry_of(node));
        if (h == node->key && key == stored) return &entry_of(node);
        const bool left = h != node->key ? h < node->key : key < stored;
        node = left ? node->left : node->right;
    }
    return nullptr;
}

// Frees the least recently used entry that nobody uses; returns its size, 0 if there is none near the tail.
// Those in use are in use now, so they go to the head, where the next eviction does not meet them again.
std::size_t ZoneLock::evict() noexcept {
    for (int step = 0; step < kEvictionSteps && !ngx_queue_empty(&header_.recent); ++step) {
        auto* entry = ngx_queue_data(ngx_queue_last(&header_.recent), ZoneEntry, recent);
        ngx_queue_remove(&entry->recent);
        if (entry->pins != 0) {
            ngx_queue_insert_head(&header_.recent, &entry->recent);
            continue;
        }
        const std::size_t size = zone_entry_size(*entry);
        ngx_rbtree_delete(&header_.tree, &entry->node);
        header_.kept -= size;
        ++header_.evictions;
        free_entry(*entry);
        return size;
    }
    return 0;
}

// A large entry needs pages side by side: where evicting several times its size has not brought them, it
// would empty the zone for one title, so it is given up, and for a while not tried again.
void* ZoneLock::allocate(std::size_t size) noexcept {
    void* memory = ngx_slab_alloc_locked(pool_, size);
    if (memory != nullptr) return memory;
    if (header_.no_room_for != 0 && size >= header_.no_room_for) {
        if (ngx_current_msec < header_.no_room_until) return nullptr;
        header_.no_room_for = 0;
    }
    for (std::size_t freed = 0; freed < std::max(8 * size, kAlwaysEvicted);) {
        const std::size_t n = evict();
        if (n == 0 && !drop_dead_workers()) return nullptr;
        freed += n;
        memory = ngx_slab_alloc_locked(pool_, size);
        if (memory != nullptr) return memory;
    }
    if (size > ngx_pagesize) {
        header_.no_room_for = size;
        header_.no_room_until = ngx_current_msec + kMinute;
    }
    return nullptr;
}

bool ZoneLock::may_use(std::size_t size, std::size_t most) noexcept {
    if (header_.in_use + size <= most) return true;
    const Change change(header_);
    return drop_dead_workers() && header_.in_use + size <= most;
}

ZonePin* ZoneLock::pin(ZoneEntry& entry) noexcept {
    const Change change(header_);
    hold(entry);  // before new_pin(), which may evict
    ZonePin* made = new_pin();
    if (made == nullptr) {
        let_go(&entry);
        return nullptr;
    }
    made->entry = &entry;
    ngx_queue_remove(&entry.recent);
    ngx_queue_insert_head(&header_.recent, &entry.recent);
    return made;
}

ZonePin* ZoneLock::reserve(std::string_view key, std::size_t data_size) noexcept {
    const Change change(header_);
    ZonePin* made = new_pin();
    if (made == nullptr) return nullptr;
    made->entry = make_entry(key, data_size);
    if (made->entry != nullptr) {
        hold(*made->entry);
        return made;
    }
    unpin(*made);
    return nullptr;
}

ZonePin* ZoneLock::reserve_pieces(std::string_view key, std::size_t size) noexcept {
    const Change change(header_);
    const std::size_t count = piece_count(size);
    ZonePin* made = new_pin();
    if (made == nullptr) return nullptr;
    ZoneEntry* entry = make_entry(key, table_size(count));
    bool whole = entry != nullptr;
    if (whole) pieces_of(*entry).size = size;
    while (whole && entry->pieces < count) {
        auto* piece = static_cast<std::byte*>(allocate(kZonePiece));
        whole = piece != nullptr;
        if (whole) pieces_of(*entry).begin()[entry->pieces++] = piece;
    }
    if (entry != nullptr) hold(*entry);
    made->entry = entry;
    if (whole) return made;
    unpin(*made);
    return nullptr;
}

// An entry that nobody has pinned yet, null if there is no room.
ZoneEntry* ZoneLock::make_entry(std::string_view key, std::size_t data_size) noexcept {
    void* memory = allocate(zone_entry_size(key.size(), data_size));
    if (memory == nullptr) return nullptr;
    auto* entry = ::new (memory) ZoneEntry{};
    entry->node.key = hash_key(key);
    entry->key_size = static_cast<std::uint32_t>(key.size());
    entry->data_size = data_size;
    return entry;
}

void ZoneLock::free_entry(ZoneEntry& entry) noexcept {
    for (std::uint32_t i = 0; i < entry.pieces; ++i)
        ngx_slab_free_locked(pool_, pieces_of(entry).begin()[i]);
    ngx_slab_free_locked(pool_, &entry);
}

void ZoneLock::link(ZoneEntry& entry) noexcept {
    const Change change(header_);
    ngx_rbtree_insert(&header_.tree, &entry.node);
    ngx_queue_insert_head(&header_.recent, &entry.recent);
    entry.linked = true;
    header_.kept += zone_entry_size(entry);
}

void ZoneLock::unlink(ZoneEntry& entry) noexcept {
    const Change change(header_);
    ngx_rbtree_delete(&header_.tree, &entry.node);
    ngx_queue_remove(&entry.recent);
    entry.linked = false;
    header_.kept -= zone_entry_size(entry);
    if (entry.pins == 0) free_entry(entry);
}

void ZoneLock::release(ZonePin& pin) noexcept {
    if (!sound()) {
        if (ZoneWorker* worker = this_worker(); worker != nullptr) --worker->pins;
        return;
    }
    const Change change(header_);
    unpin(pin);
}

std::size_t ZoneLock::largest() const noexcept {
    return static_cast<std::size_t>(pool_->end - pool_->start) / 2;
}

void ZoneLock::warn(NoFit reason, std::size_t size) noexcept {
    ngx_msec_t& warned = header_.warned[static_cast<std::size_t>(reason)];
    if (warned != 0 && ngx_current_msec < warned + kMinute) return;
    warned = ngx_current_msec;
    constexpr std::size_t kMega = std::size_t{1} << 20;
    const std::size_t enough = (std::max(2 * zone_->shm.size, 4 * size) + kMega - 1) / kMega;
    ngx_log_error(
        NGX_LOG_WARN, ngx_cycle->log, 0,
        "mezz: an index or title of %uz bytes %s zone \"%V\" and is cached by each worker for itself: "
        "write \"mezz_zone %V:%uzm;\" or more",
        size, reason == NoFit::too_large ? "is too large for" : "finds no room in", &zone_->shm.name,
        &zone_->shm.name, enough);
}

std::size_t zone_entry_size(std::size_t key_size, std::size_t data_size) noexcept {
    return data_offset(key_size) + data_size;
}

std::size_t zone_entry_size(const ZoneEntry& entry) noexcept {
    return zone_entry_size(entry.key_size, entry.data_size) + entry.pieces * kZonePiece;
}

std::size_t zone_pieces_size(std::size_t key_size, std::size_t size) noexcept {
    const std::size_t count = piece_count(size);
    return zone_entry_size(key_size, table_size(count)) + count * kZonePiece;
}

std::string_view zone_key(const ZoneEntry& entry) noexcept {
    return {reinterpret_cast<const char*>(&entry + 1), entry.key_size};
}

Bytes zone_data(const ZoneEntry& entry) noexcept {
    const auto* begin = reinterpret_cast<const std::byte*>(&entry);
    return {begin + data_offset(entry.key_size), entry.data_size};
}

void fill_zone_entry(ZoneEntry& entry, std::string_view key, Bytes data) noexcept {
    std::memcpy(&entry + 1, key.data(), key.size());
    if (data.empty()) return;
    std::memcpy(reinterpret_cast<std::byte*>(&entry) + data_offset(key.size()), data.data(), data.size());
}

const ZoneHeader& zone_header(const ngx_shm_zone_t* zone) noexcept {
    return *static_cast<const ZoneHeader*>(pool_of(zone)->data);
}

ngx_int_t init_zone(ngx_shm_zone_t* zone, void* old) noexcept {
    ngx_slab_pool_t* pool = pool_of(zone);
    if (old != nullptr || zone->shm.exists) {
        zone->data = zone;
        if (static_cast<ZoneHeader*>(pool->data)->version == kZoneVersion) return NGX_OK;
        ngx_log_error(
            NGX_LOG_EMERG, zone->shm.log, 0,
            "mezz: zone \"%V\" belongs to another version of the module: restart nginx instead of reloading",
            &zone->shm.name);
        return NGX_ERROR;
    }
    constexpr std::uintptr_t kLine = 64;
    u_char* place = pool->end - sizeof(ZoneHeader);
    pool->end = place - reinterpret_cast<std::uintptr_t>(place) % kLine;
    auto* header = ::new (pool->end) ZoneHeader{};
    clear(pool, *header);
    header->version = kZoneVersion;
    pool->data = header;
    zone->data = zone;
    return NGX_OK;
}

}  // namespace mezz::nginx
