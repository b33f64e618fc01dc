#include "nginx/disk_reads.hpp"

namespace mezz::nginx {

namespace {

constinit ngx_atomic_t own = 0;
constinit ngx_atomic_t* last_read = &own;  // as ngx_current_msec

}  // namespace

void share_disk_reads(ngx_atomic_t* last) noexcept {
    last_read = last;
}

void note_disk_read() noexcept {
    *last_read = ngx_current_msec;
}

bool disk_read_lately() noexcept {
    constexpr ngx_msec_t kMinute = 60'000;
    return ngx_current_msec - *last_read < kMinute;
}

}  // namespace mezz::nginx
