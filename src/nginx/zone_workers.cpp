// The table of the workers that use a zone, and their pins.
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <utility>

#include "nginx/zone_memory.hpp"

namespace mezz::nginx {
namespace {

// When this process first used a zone. A new process may get the pid of a dead one, but not at that moment.
std::uint64_t born() noexcept {
    static constinit std::uint64_t when = 0;
    if (when == 0)
        when = static_cast<std::uint64_t>(std::chrono::steady_clock::now().time_since_epoch().count());
    return when;
}

bool is_this_process(const ZoneWorker& worker) noexcept {
    return worker.pid == ngx_pid && worker.born == born();
}

// All workers are forked by one master and stay in its process group. A stranger to whom the system has given
// the pid of a dead worker is in another one; were it not, a few entries would stay until it ends.
bool is_dead(const ZoneWorker& worker) noexcept {
    if (worker.pid == ngx_pid) return worker.born != born();
    const pid_t group = ::getpgid(worker.pid);
    return group == -1 ? errno == ESRCH : group != ::getpgrp();
}

}  // namespace

bool ZoneLock::quiet() const noexcept {
    return std::ranges::all_of(header_.workers, [](const ZoneWorker& worker) {
        return worker.pid == 0 || worker.pins == 0 || is_dead(worker);
    });
}

// The place of this process in the table, null if it has none.
ZoneWorker* ZoneLock::this_worker() noexcept {
    static constinit std::size_t place = 0;
    if (is_this_process(header_.workers[place])) return &header_.workers[place];
    ZoneWorker* found = std::ranges::find_if(header_.workers, is_this_process);
    if (found == std::end(header_.workers)) return nullptr;
    place = static_cast<std::size_t>(found - header_.workers);
    return found;
}

// A pin of this worker that is of no entry yet; null if there is no memory or no place in the table.
ZonePin* ZoneLock::new_pin() noexcept {
    ZoneWorker* worker = this_worker();
    if (worker == nullptr) {
        drop_dead_workers();
        worker = std::ranges::find(header_.workers, 0, &ZoneWorker::pid);
        if (worker == std::end(header_.workers)) return nullptr;
        *worker = {.pid = ngx_pid, .born = born(), .pins = 0, .pinned = {}, .spare = {}};
        ngx_queue_init(&worker->pinned);
        ngx_queue_init(&worker->spare);
    }
    ZonePin* pin = nullptr;
    if (ngx_queue_empty(&worker->spare)) {
        pin = static_cast<ZonePin*>(allocate(sizeof(ZonePin)));
        if (pin == nullptr) return nullptr;
    } else {
        pin = ngx_queue_data(ngx_queue_head(&worker->spare), ZonePin, link);
        ngx_queue_remove(&pin->link);
    }
    pin->entry = nullptr;
    ++worker->pins;
    ngx_queue_insert_head(&worker->pinned, &pin->link);
    return pin;
}

void ZoneLock::hold(ZoneEntry& entry) noexcept {
    if (entry.pins++ == 0) header_.in_use += zone_entry_size(entry);
}

void ZoneLock::let_go(ZoneEntry* entry) noexcept {
    if (entry == nullptr || --entry->pins != 0) return;
    header_.in_use -= zone_entry_size(*entry);
    if (!entry->linked) free_entry(*entry);
}

// Ends a pin of this worker.
void ZoneLock::unpin(ZonePin& pin) noexcept {
    let_go(std::exchange(pin.entry, nullptr));
    ngx_queue_remove(&pin.link);
    ZoneWorker* worker = this_worker();
    ngx_queue_insert_head(&worker->spare, &pin.link);
    --worker->pins;
}

// Returns whether there were any.
bool ZoneLock::drop_dead_workers() noexcept {
    bool any = false;
    for (ZoneWorker& worker : header_.workers) {
        if (worker.pid == 0 || !is_dead(worker)) continue;
        any = true;
        for (ngx_queue_t* pins : {&worker.pinned, &worker.spare}) {
            while (!ngx_queue_empty(pins)) {
                auto* pin = ngx_queue_data(ngx_queue_head(pins), ZonePin, link);
                let_go(pin->entry);
                ngx_queue_remove(&pin->link);
                ngx_slab_free_locked(pool_, pin);
            }
        }
        worker = {};
    }
    return any;
}

}  // namespace mezz::nginx
