#include "nginx/zone.hpp"

#include <cstring>

namespace mezz::nginx {

// Followed by the key, and, aligned to 8 bytes, the data.
struct ZoneEntry {
    ngx_rbtree_node_t node;
    ngx_queue_t recent;
    time_t used;
    std::uint32_t pins;
    std::uint32_t key_size;
    std::uint32_t data_size;
};

namespace {

constexpr std::uint64_t kZoneVersion = 1;
constexpr time_t kForgottenPin = 600;  // seconds
constexpr time_t kQuarantine = 120;    // seconds; no request plans for so long

struct ZoneHeader {
    std::uint64_t version;
    std::uint64_t generation;
    time_t damaged_at;  // 0: sound
    ngx_uint_t changing;
    ngx_rbtree_t tree;
    ngx_rbtree_node_t sentinel;
    ngx_queue_t recent;  // most recently used first
};

std::size_t data_offset(std::size_t key_size) noexcept {
    return (sizeof(ZoneEntry) + key_size + 7) / 8 * 8;
}

std::string_view key_of(const ZoneEntry& entry) noexcept {
    return {reinterpret_cast<const char*>(&entry + 1), entry.key_size};
}

std::byte* data_of(ZoneEntry& entry) noexcept {
    return reinterpret_cast<std::byte*>(&entry) + data_offset(entry.key_size);
}

ZoneEntry& entry_of(ngx_rbtree_node_t* node) noexcept {
    return *reinterpret_cast<ZoneEntry*>(node);
}

ngx_rbtree_key_t hash(std::string_view key) noexcept {
    std::uint64_t h = 0xCBF29CE484222325;
    for (const char c : key)
        h = (h ^ static_cast<unsigned char>(c)) * 0x100000001B3;
    return h;
}

ngx_slab_pool_t* pool_of(ngx_shm_zone_t* zone) noexcept {
    return reinterpret_cast<ngx_slab_pool_t*>(zone->shm.addr);
}

void insert_node(ngx_rbtree_node_t* at, ngx_rbtree_node_t* node, ngx_rbtree_node_t* sentinel) noexcept {
    for (;;) {
        const bool left =
            node->key != at->key ? node->key < at->key : key_of(entry_of(node)) < key_of(entry_of(at));
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

void clear(ZoneHeader& header) noexcept {
    ngx_rbtree_init(&header.tree, &header.sentinel, insert_node);
    ngx_queue_init(&header.recent);
}

// Makes the slab pool empty again, keeping its mutex. What pointed into it is of an older generation.
void start_over(ngx_slab_pool_t* pool, ZoneHeader& header) noexcept {
    const std::uint64_t generation = header.generation + 1;
    ngx_slab_init(pool);
    auto* fresh = static_cast<ZoneHeader*>(ngx_slab_calloc_locked(pool, sizeof(ZoneHeader)));
    fresh->version = kZoneVersion;
    fresh->generation = generation;
    clear(*fresh);
    pool->data = fresh;
    pool->log_nomem = 0;
}

// Holds the mutex. A holder that died while it changed the zone leaves `changing` set (nginx's master frees
// the mutex): the zone then stands unused until no request can have a pointer into it, and begins anew.
class Lock {
public:
    explicit Lock(ngx_shm_zone_t* zone) noexcept : pool_(pool_of(zone)) {
        ngx_shmtx_lock(&pool_->mutex);
        ZoneHeader& now = header();
        if (now.changing != 0 && now.damaged_at == 0) {
            now.damaged_at = ngx_time();
            ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                          "mezz: a worker died while it changed zone \"%V\": not used for two minutes",
                          &zone->shm.name);
        }
        if (now.damaged_at != 0 && ngx_time() - now.damaged_at > kQuarantine) start_over(pool_, now);
    }
    ~Lock() { ngx_shmtx_unlock(&pool_->mutex); }
    Lock(const Lock&) = delete;
    Lock& operator=(const Lock&) = delete;

    [[nodiscard]] ZoneHeader& header() const noexcept { return *static_cast<ZoneHeader*>(pool_->data); }
    [[nodiscard]] bool sound() const noexcept { return header().damaged_at == 0; }
    [[nodiscard]] ngx_slab_pool_t* pool() const noexcept { return pool_; }

private:
    ngx_slab_pool_t* pool_;
};

class Change {
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

ZoneEntry* look_up(ZoneHeader& header, std::string_view key) noexcept {
    const ngx_rbtree_key_t h = hash(key);
    ngx_rbtree_node_t* node = header.tree.root;
    while (node != header.tree.sentinel) {
        const std::string_view stored = key_of(entry_of(node));
        if (h == node->key && key == stored) return &entry_of(node);
        const bool left = h != node->key ? h < node->key : key < stored;
        node = left ? node->left : node->right;
    }
    return nullptr;
}

void touch(ZoneHeader& header, ZoneEntry& entry) noexcept {
    entry.used = ngx_time();
    ngx_queue_remove(&entry.recent);
    ngx_queue_insert_head(&header.recent, &entry.recent);
}

// Frees the least recently used entry that nobody uses.
bool evict(Lock& lock) noexcept {
    ZoneHeader& header = lock.header();
    for (ngx_queue_t* q = ngx_queue_last(&header.recent); q != ngx_queue_sentinel(&header.recent);
         q = ngx_queue_prev(q)) {
        auto* entry = ngx_queue_data(q, ZoneEntry, recent);
        if (entry->pins != 0 && ngx_time() - entry->used < kForgottenPin) continue;
        ngx_queue_remove(&entry->recent);
        ngx_rbtree_delete(&header.tree, &entry->node);
        ngx_slab_free_locked(lock.pool(), entry);
        return true;
    }
    return false;
}

ZoneEntry* store(Lock& lock, std::string_view key, Bytes data) noexcept {
    ZoneHeader& header = lock.header();
    const Change change(header);
    const std::size_t size = data_offset(key.size()) + data.size();
    if (size > static_cast<std::size_t>(lock.pool()->end - lock.pool()->start) / 2) return nullptr;
    void* memory = nullptr;
    while ((memory = ngx_slab_alloc_locked(lock.pool(), size)) == nullptr)
        if (!evict(lock)) return nullptr;
    auto* entry = ::new (memory) ZoneEntry{};
    entry->node.key = hash(key);
    entry->key_size = static_cast<std::uint32_t>(key.size());
    entry->data_size = static_cast<std::uint32_t>(data.size());
    std::memcpy(entry + 1, key.data(), key.size());
    std::memcpy(data_of(*entry), data.data(), data.size());
    ngx_rbtree_insert(&header.tree, &entry->node);
    ngx_queue_insert_head(&header.recent, &entry->recent);
    return entry;
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
    auto* header = static_cast<ZoneHeader*>(ngx_slab_calloc(pool, sizeof(ZoneHeader)));
    if (header == nullptr) return NGX_ERROR;
    header->version = kZoneVersion;
    clear(*header);
    pool->data = header;
    pool->log_nomem = 0;  // a full zone is its normal state
    zone->data = zone;
    return NGX_OK;
}

}  // namespace

ngx_shm_zone_t* add_zone(ngx_conf_t* cf, ngx_str_t& name, std::size_t size) noexcept {
    static int tag;
    ngx_shm_zone_t* zone = ngx_shared_memory_add(cf, &name, size, &tag);
    if (zone != nullptr) zone->init = init_zone;
    return zone;
}

Block& Block::operator=(Block&& other) noexcept {
    if (this == &other) return *this;
    release();
    owned_ = std::move(other.owned_);
    bytes_ = std::exchange(other.bytes_, {});
    zone_ = std::exchange(other.zone_, nullptr);
    entry_ = std::exchange(other.entry_, nullptr);
    generation_ = other.generation_;
    return *this;
}

void Block::release() noexcept {
    if (entry_ == nullptr) return;
    const Lock lock(zone_);
    if (lock.header().generation == generation_ && entry_->pins > 0) --entry_->pins;
    entry_ = nullptr;
}

Block Zone::find(std::string_view key) const noexcept {
    Block block;
    const Lock lock(zone_);
    if (!lock.sound()) return block;
    ZoneEntry* entry = look_up(lock.header(), key);
    if (entry == nullptr) return block;
    const Change change(lock.header());
    touch(lock.header(), *entry);
    ++entry->pins;
    block.zone_ = zone_;
    block.entry_ = entry;
    block.generation_ = lock.header().generation;
    block.bytes_ = {data_of(*entry), entry->data_size};
    return block;
}

Block Zone::insert(std::string_view key, std::vector<std::byte> bytes) const noexcept {
    {
        Lock lock(zone_);
        if (lock.sound() && look_up(lock.header(), key) == nullptr) (void)store(lock, key, bytes);
    }
    Block block = find(key);
    if (block) return block;
    block.owned_ = std::move(bytes);
    block.bytes_ = block.owned_;
    return block;
}

}  // namespace mezz::nginx
