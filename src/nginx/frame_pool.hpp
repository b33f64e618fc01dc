// Memory for coroutine frames, from an nginx pool.
#pragma once

#include <array>
#include <cstddef>

#include "nginx/ngx.hpp"

namespace mezz::nginx {

/// Hands out coroutine frames. A pool frees nothing before its end, so released frames are kept by size and
/// handed out again: a loop of a million calls costs one frame. Under AddressSanitizer a released frame is
/// poisoned.
class FramePool {
public:
    explicit FramePool(ngx_pool_t* pool) noexcept : pool_(pool) {}

    /// `size` bytes aligned to 16, or null if there is no memory.
    [[nodiscard]] void* allocate(std::size_t size) noexcept;

    /// Takes a frame back into the FramePool it came from.
    static void release(void* frame) noexcept;

    [[nodiscard]] ngx_pool_t* pool() const noexcept { return pool_; }

    /// Frames in use in this worker process.
    [[nodiscard]] static std::size_t live() noexcept;

private:
    struct Header;
    static constexpr std::size_t kGranule = 128;  // bytes
    static constexpr std::size_t kClasses = 16;   // frames over 2 KiB share the last list

    Header* reuse(std::size_t granules) noexcept;

    ngx_pool_t* pool_;
    std::array<Header*, kClasses + 1> free_{};
};

}  // namespace mezz::nginx
