#include "nginx/file_read.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <memory>

#include "core/page_cache.hpp"
#include "nginx/disk_reads.hpp"

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

std::expected<std::size_t, int> read_buffered(ngx_fd_t fd, std::span<std::byte> to,
                                              std::uint64_t offset) noexcept {
    std::size_t done = 0;
    while (done < to.size()) {
        const std::span<std::byte> rest = to.subspan(done);
        const ssize_t n = ::pread(fd, rest.data(), rest.size(), static_cast<off_t>(offset + done));
        if (n == 0) break;
        if (n > 0)
            done += static_cast<std::size_t>(n);
        else if (errno != EINTR)
            return std::unexpected(errno);
    }
    return done;
}

// O_DIRECT takes aligned memory, offsets and sizes only: through a buffer of its own, piece by piece.
std::expected<std::size_t, int> read_direct(ngx_fd_t fd, std::span<std::byte> to,
                                            std::uint64_t offset) noexcept {
    constexpr std::size_t kAlignment = 4096;
    constexpr std::size_t kPiece = std::size_t{1} << 20;
    const std::unique_ptr<void, decltype(&std::free)> memory(std::aligned_alloc(kAlignment, kPiece),
                                                             std::free);
    if (!memory) return std::unexpected(ENOMEM);
    std::size_t done = 0;
    while (done < to.size()) {
        const std::uint64_t at = offset + done;
        const std::uint64_t aligned = at / kAlignment * kAlignment;
        const ssize_t n = ::pread(fd, memory.get(), kPiece, static_cast<off_t>(aligned));
        if (n < 0 && errno != EINTR) return std::unexpected(errno);
        if (n < 0) continue;
        const auto skip = static_cast<std::size_t>(at - aligned);
        if (static_cast<std::size_t>(n) <= skip) break;
        const std::size_t size = std::min(static_cast<std::size_t>(n) - skip, to.size() - done);
        std::memcpy(to.data() + done, static_cast<const std::byte*>(memory.get()) + skip, size);
        done += size;
    }
    return done;
}

// False where RWF_NOWAIT would begin to read, or is of no use. Where nobody has read from a disk lately
// nothing is likely to be missing, and the first that is, is found by trying.
bool worth_trying(const FileRef& file, std::uint64_t offset, std::size_t size) noexcept {
    if (file.direct || slow_devices.contains(file.device)) return false;
    const auto begin = static_cast<off_t>(offset);
    return !disk_read_lately() || !page_cache_lacks(file.fd, begin, begin + static_cast<off_t>(size));
}

}  // namespace

std::size_t read_if_cached(const FileRef& file, std::span<const iovec> parts, std::uint64_t offset,
                           std::size_t size) noexcept {
    if (!worth_trying(file, offset, size)) return 0;
    return read_without_waiting(file.fd, parts, static_cast<off_t>(offset)).value_or(0);
}

std::expected<std::size_t, int> read_blocking(const FileRef& file, std::span<std::byte> to,
                                              std::uint64_t offset) noexcept {
    return file.direct ? read_direct(file.fd, to, offset) : read_buffered(file.fd, to, offset);
}

ReadOp::ReadOp(RequestFlow& flow, const FileRef& file, std::span<std::byte> to, std::uint64_t offset,
               std::source_location where) noexcept
    : ThreadOp(flow, read_rest, this, "reading a file", where), file_(file), offset_(offset) {
    const std::uint64_t size = file.size < 0 ? 0 : static_cast<std::uint64_t>(file.size);
    const std::uint64_t left = offset < size ? size - offset : 0;
    to_ = to.first(static_cast<std::size_t>(std::min<std::uint64_t>(to.size(), left)));
}

bool ReadOp::await_ready() noexcept {
    if (to_.empty()) return true;
    RequestFlow& flow = request_flow();
    if (!flow.needs_disk() && worth_trying(file_, offset_, to_.size()) && read_cached()) return true;
    note_disk_read();
    flow.set_needs_disk();
    return false;
}

// True if the read has ended, well or badly; false if a thread must do the rest.
bool ReadOp::read_cached() noexcept {
    const iovec part{to_.data(), to_.size()};
    const auto n = read_without_waiting(file_.fd, std::span(&part, 1), static_cast<off_t>(offset_));
    if (n) {
        done_ = *n;
        return done_ == to_.size();
    }
    if (n.error() == EAGAIN) return false;
    if (n.error() == EOPNOTSUPP || n.error() == ENOSYS) {
        slow_devices.add(file_.device);
        return false;
    }
    errno_ = n.error();
    return true;
}

void ReadOp::read_rest(void* self) noexcept {
    auto* op = static_cast<ReadOp*>(self);
    const auto n = read_blocking(op->file_, op->to_.subspan(op->done_), op->offset_ + op->done_);
    if (n)
        op->done_ += *n;
    else
        op->errno_ = n.error();
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
