// What lies in the shared memory of a zone, and who uses it. All calls are for the holder of the zone's
// mutex.
//
// Memory is given back while other processes may read it only if none of them has a pin on it. So that this
// holds exactly, and without a clock, each pin belongs to a worker in a table in the zone:
// - A pin of a live worker is never broken, however old it is.
// - The pins of a dead worker are dropped when another one takes its place in the table, or when an eviction
//   finds nothing else.
// - A worker that dies within a Change leaves `changing` set (nginx's master frees the mutex). The zone is
// not
//   used from then on; once no live worker has a pin left, it begins anew. The counts of pins do not lie in
//   what may be damaged: each is written by its own worker only.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string_view>

#include "core/bytes.hpp"
#include "nginx/ngx.hpp"
#include "nginx/zone.hpp"

namespace mezz::nginx {

/// Followed by the key, and, aligned to 8 bytes, the data: of an entry in pieces, its size and where they
/// are. Pieces are all of one size, so that each fits where another one was: blocks of many sizes, of which
/// none can be split, would leave gaps that none fits into.
struct ZoneEntry {
    ngx_rbtree_node_t node;
    ngx_queue_t recent;
    std::uint64_t data_size;
    std::uint32_t key_size;
    std::uint32_t pins;
    std::uint32_t pieces;  ///< of kZonePiece bytes; 0: the data are the bytes themselves
    bool linked;           ///< in the tree; else it is being filled by the worker that has pinned it
};

struct ZonePin {
    ngx_queue_t link;
    ZoneEntry* entry;  ///< null: none yet, or none any more
};

struct ZoneWorker {
    pid_t pid;           ///< 0: a free place
    std::uint64_t born;  ///< tells it from an earlier process of that pid
    std::uint64_t pins;  ///< of its requests; right also in a damaged zone
    ngx_queue_t pinned;  ///< ZonePin
    ngx_queue_t spare;   ///< ZonePin, to be used again
};

enum class NoFit { too_large, no_room };

/// Lies behind the end of the slab pool, so that starting over does not touch it.
struct ZoneHeader {
    std::uint64_t version;
    ngx_uint_t changing;
    ngx_uint_t damaged;
    ngx_rbtree_t tree;
    ngx_rbtree_node_t sentinel;
    ngx_queue_t recent;         ///< most recently used first
    std::uint64_t no_room_for;  ///< bytes that much evicting could not make room for
    ngx_msec_t no_room_until;   ///< as ngx_current_msec, which is monotonic and the same for all processes
    ngx_msec_t warned[2];       ///< of a NoFit; 0: never
    std::uint64_t kept;         ///< bytes of entries that can be found
    std::uint64_t in_use;       ///< bytes of entries that are pinned
    std::uint64_t evictions;    ///< since the zone was made
    ZoneWorker workers[256];
};

/// Holds the mutex; finds damage and repairs it when that is safe.
class ZoneLock {
public:
    explicit ZoneLock(ngx_shm_zone_t* zone) noexcept;
    ~ZoneLock() { ngx_shmtx_unlock(&pool_->mutex); }
    ZoneLock(const ZoneLock&) = delete;
    ZoneLock& operator=(const ZoneLock&) = delete;

    /// Whether anything but release() may be done.
    [[nodiscard]] bool sound() const noexcept;

    /// The entry of a key, or null.
    [[nodiscard]] ZoneEntry* find(std::string_view key) noexcept;

    /// Pins an entry for this worker and makes it the most recently used; null if there is no memory for
    /// that.
    [[nodiscard]] ZonePin* pin(ZoneEntry& entry) noexcept;

    /// Memory for an entry, evicting others, pinned but not to be found until link(); its key and data are
    /// the caller's to fill, also without the mutex. Null if there is no room.
    [[nodiscard]] ZonePin* reserve(std::string_view key, std::size_t data_size) noexcept;

    /// The same for an entry in pieces, which holds `size` bytes.
    [[nodiscard]] ZonePin* reserve_pieces(std::string_view key, std::size_t size) noexcept;

    /// Whether an entry of so many bytes, pinned too, would leave those in use within `most` bytes.
    [[nodiscard]] bool may_use(std::size_t size, std::size_t most) noexcept;

    /// Lets others find a filled entry.
    void link(ZoneEntry& entry) noexcept;

    /// Lets nobody find an entry any more; it is freed once nobody uses it.
    void unlink(ZoneEntry& entry) noexcept;

    /// Ends a pin of this worker. Its entry is freed if it was not linked. Also for a damaged zone.
    void release(ZonePin& pin) noexcept;

    /// The largest entry that is stored, in bytes with its key: half the zone.
    [[nodiscard]] std::size_t largest() const noexcept;

    /// Tells the operator that a block of so many bytes is not stored, once a minute for each reason.
    void warn(NoFit reason, std::size_t size) noexcept;

private:
    class Change;

    [[nodiscard]] bool quiet() const noexcept;
    void start_over() noexcept;
    void* allocate(std::size_t size) noexcept;
    ZoneEntry* make_entry(std::string_view key, std::size_t data_size) noexcept;
    void free_entry(ZoneEntry& entry) noexcept;
    std::size_t evict() noexcept;
    ZoneWorker* this_worker() noexcept;
    ZonePin* new_pin() noexcept;
    bool drop_dead_workers() noexcept;
    void hold(ZoneEntry& entry) noexcept;
    void let_go(ZoneEntry* entry) noexcept;
    void unpin(ZonePin& pin) noexcept;

    ngx_shm_zone_t* zone_;
    ngx_slab_pool_t* pool_;
    ZoneHeader& header_;
};

/// Bytes that an entry takes.
[[nodiscard]] std::size_t zone_entry_size(std::size_t key_size, std::size_t data_size) noexcept;
[[nodiscard]] std::size_t zone_entry_size(const ZoneEntry& entry) noexcept;
/// Bytes that an entry in pieces takes, which holds `size` bytes.
[[nodiscard]] std::size_t zone_pieces_size(std::size_t key_size, std::size_t size) noexcept;

[[nodiscard]] std::string_view zone_key(const ZoneEntry& entry) noexcept;
[[nodiscard]] Bytes zone_data(const ZoneEntry& entry) noexcept;

/// Writes the key and the data of a reserved entry.
void fill_zone_entry(ZoneEntry& entry, std::string_view key, Bytes data) noexcept;

/// The header of a zone that is in use: for reading what it counts.
[[nodiscard]] const ZoneHeader& zone_header(const ngx_shm_zone_t* zone) noexcept;

/// For ngx_shm_zone_t. What lies behind the slab pool's end is not touched.
ngx_int_t init_zone(ngx_shm_zone_t* zone, void* old) noexcept;

}  // namespace mezz::nginx
