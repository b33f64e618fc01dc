// Room for the descriptors of a worker's connections.
#pragma once

#include <cstddef>

namespace mezz::nginx {

/// Makes the kernel's table of this process's descriptors large enough for so many. It would otherwise grow
/// while connections are accepted, and each time a process that has threads waits until all cores have
/// noticed (RCU): tens of milliseconds in which the event loop does nothing else. Does nothing if so many are
/// not allowed (RLIMIT_NOFILE).
void reserve_descriptors(std::size_t count) noexcept;

}  // namespace mezz::nginx
