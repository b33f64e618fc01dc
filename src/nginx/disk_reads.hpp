// When something was last read that the page cache did not hold.
#pragma once

#include "nginx/ngx.hpp"

namespace mezz::nginx {

/// Where the time is kept, for all workers of an instance; until then each has its own.
void share_disk_reads(ngx_atomic_t* last) noexcept;

/// That a thread is asked for something that the page cache does not hold.
void note_disk_read() noexcept;

/// Whether that was noted within the last minute.
[[nodiscard]] bool disk_read_lately() noexcept;

}  // namespace mezz::nginx
