#include "nginx/file_read.hpp"

#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <memory>

namespace mezz::nginx {

namespace {

/// The devices whose file system cannot tell what is cached. When the table is full the others are asked, in
/// vain, at each read.
class SlowDevices {
public:
    [[nodiscard]] bool contains(dev_t device) const noexcept {
        const auto end = devices_.begin() + static_cast<std::ptrdiff_t>(count_);
        return std::find(devices_.begin(), end, device) != end;
    }
    void add(dev_t device) noexcept {
        if (count_ < devices_.size()) devices_[count_++] = device;
    }

private:
    std::array<dev_t, 16> devices_{};
    std::size_t count_ = 0;
};

constinit SlowDevices slow_devices;

}  // namespace

ReadOp::ReadOp(RequestFlow& flow, const FileRef& file, std::span<std::byte> to, std::uint64_t offset,
               std::source_location where) noexcept
    : ThreadOp(flow, read_rest, this, "reading a file", where),
      fd_(file.fd),
      device_(file.device),
      direct_(file.direct),
      offset_(offset) {
    const std::uint64_t size = file.size < 0 ? 0 : static_cast<std::uint64_t>(file.size);
    const std::uint64_t left = offset < size ? size - offset : 0;
    to_ = to.first(static_cast<std::size_t>(std::min<std::uint64_t>(to.size(), left)));
}

bool ReadOp::await_ready() noexcept {
    if (to_.empty()) return true;
    return !direct_ && !slow_devices.contains(device_) && read_cached();
}

// True if the read has ended, well or badly; false if a thread must do the rest.
bool ReadOp::read_cached() noexcept {
    iovec part{to_.data(), to_.size()};
    ssize_t n = 0;
    do {
        n = ::preadv2(fd_, &part, 1, static_cast<off_t>(offset_), RWF_NOWAIT);
    } while (n < 0 && errno == EINTR);
    if (n >= 0) {
        done_ = static_cast<std::size_t>(n);
        return done_ == to_.size();
    }
    if (errno == EAGAIN) return false;
    if (errno == EOPNOTSUPP || errno == ENOSYS) {
        slow_devices.add(device_);
        return false;
    }
    errno_ = errno;
    return true;
}

void ReadOp::read_rest(void* self) noexcept {
    auto* op = static_cast<ReadOp*>(self);
    if (op->direct_)
        op->read_direct();
    else
        op->read_buffered();
}

void ReadOp::read_buffered() noexcept {
    while (done_ < to_.size()) {
        const std::span<std::byte> rest = to_.subspan(done_);
        const ssize_t n = ::pread(fd_, rest.data(), rest.size(), static_cast<off_t>(offset_ + done_));
        if (n == 0) return;
        if (n > 0) {
            done_ += static_cast<std::size_t>(n);
        } else if (errno != EINTR) {
            errno_ = errno;
            return;
        }
    }
}

// O_DIRECT takes aligned memory, offsets and sizes only: through a buffer of its own, piece by piece.
void ReadOp::read_direct() noexcept {
    constexpr std::size_t kAlignment = 4096;
    constexpr std::size_t kPiece = std::size_t{1} << 20;
    const std::unique_ptr<void, decltype(&std::free)> memory(std::aligned_alloc(kAlignment, kPiece),
                                                             std::free);
    if (!memory) errno_ = ENOMEM;
    while (errno_ == 0 && done_ < to_.size()) {
        const std::uint64_t at = offset_ + done_;
        const std::uint64_t aligned = at / kAlignment * kAlignment;
        const ssize_t n = ::pread(fd_, memory.get(), kPiece, static_cast<off_t>(aligned));
        if (n < 0 && errno != EINTR) errno_ = errno;
        if (n < 0) continue;
        const auto skip = static_cast<std::size_t>(at - aligned);
        if (static_cast<std::size_t>(n) <= skip) return;
        const std::size_t size = std::min(static_cast<std::size_t>(n) - skip, to_.size() - done_);
        std::memcpy(to_.data() + done_, static_cast<const std::byte*>(memory.get()) + skip, size);
        done_ += size;
    }
}

Result<std::size_t> ReadOp::await_resume() const noexcept {
    if (const Result<void> posted = ThreadOp::await_resume(); !posted) return std::unexpected(posted.error());
    if (errno_ != 0) {
        log_line(request_flow().log(), NGX_LOG_ERR, errno_, "mezz: reading failed at offset %uL",
                 offset_ + done_);
        return fail(ErrorCode::io, "the file could not be read", offset_ + done_);
    }
    return done_;
}

}  // namespace mezz::nginx
