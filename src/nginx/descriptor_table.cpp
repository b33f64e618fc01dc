#include "nginx/descriptor_table.hpp"

#include <fcntl.h>
#include <sys/eventfd.h>
#include <unistd.h>

namespace mezz::nginx {

void reserve_descriptors(std::size_t count) noexcept {
    if (count == 0) return;
    const int any = ::eventfd(0, EFD_CLOEXEC);
    if (any < 0) return;
    const int highest = ::fcntl(any, F_DUPFD_CLOEXEC, static_cast<int>(count - 1));
    if (highest >= 0) ::close(highest);
    ::close(any);
}

}  // namespace mezz::nginx
