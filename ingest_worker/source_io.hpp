// Lets libavformat read the source through an open descriptor, and nothing else.
#pragma once

#include <cstdint>

#include "av.hpp"

namespace mezz::worker {

/// The descriptor is not owned and is read by position, so several may share it. Immovable.
class SourceIo {
public:
    explicit SourceIo(int fd);
    SourceIo(const SourceIo&) = delete;
    SourceIo& operator=(const SourceIo&) = delete;

    [[nodiscard]] AVIOContext* get() const noexcept { return io_.get(); }
    [[nodiscard]] std::int64_t size() const noexcept { return size_; }

private:
    static int read(void* self, std::uint8_t* buffer, int size) noexcept;
    static std::int64_t seek(void* self, std::int64_t offset, int whence) noexcept;

    int fd_;
    std::int64_t size_ = 0;
    std::int64_t position_ = 0;
    Av<AVIOContext> io_;
};

}  // namespace mezz::worker
