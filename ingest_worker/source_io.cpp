#include "source_io.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <new>

namespace mezz::worker {

SourceIo::SourceIo(int fd) : fd_(fd) {
    constexpr int kBuffer = 64 * 1024;
    struct stat status {};
    if (::fstat(fd, &status) == 0) size_ = status.st_size;
    auto* const buffer = static_cast<unsigned char*>(av_malloc(kBuffer));
    if (buffer == nullptr) throw std::bad_alloc();
    io_.reset(avio_alloc_context(buffer, kBuffer, 0, this, &SourceIo::read, nullptr, &SourceIo::seek));
    if (io_) return;
    av_free(buffer);
    throw std::bad_alloc();
}

int SourceIo::read(void* self, std::uint8_t* buffer, int size) noexcept {
    auto& io = *static_cast<SourceIo*>(self);
    ssize_t got = 0;
    do {
        got = ::pread(io.fd_, buffer, static_cast<std::size_t>(size), io.position_);
    } while (got < 0 && errno == EINTR);
    if (got < 0) return AVERROR(errno);
    if (got == 0) return AVERROR_EOF;
    io.position_ += got;
    return static_cast<int>(got);
}

std::int64_t SourceIo::seek(void* self, std::int64_t offset, int whence) noexcept {
    auto& io = *static_cast<SourceIo*>(self);
    const int how = whence & ~AVSEEK_FORCE;
    if (how == AVSEEK_SIZE) return io.size_;
    std::int64_t from = 0;
    if (how == SEEK_CUR) from = io.position_;
    if (how == SEEK_END) from = io.size_;
    std::int64_t target = 0;
    if (__builtin_add_overflow(from, offset, &target) || target < 0) return AVERROR(EINVAL);
    io.position_ = target;
    return target;
}

}  // namespace mezz::worker
