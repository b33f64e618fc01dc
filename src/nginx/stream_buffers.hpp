// Buffers for answers that are made while they are sent: a window on a file, and what goes to the client.
#pragma once

#include <span>

#include "core/bytes.hpp"
#include "nginx/media_file.hpp"
#include "nginx/stream_memory.hpp"

namespace mezz::nginx {

/// Some consecutive bytes of a file, in memory that is taken when first needed, until the request's pool is
/// destroyed.
class FileWindow {
public:
    FileWindow() = default;
    explicit FileWindow(const MediaFile& file) noexcept : file_(file) {}

    /// What the window holds from `offset` on; empty if nothing.
    [[nodiscard]] Bytes held(std::uint64_t offset) const noexcept;

    /// Moves the window to `offset`, unless it is held, and returns what is held from there: at least one
    /// byte, and up to `wanted` (more than 0) of them. Fails with io if the file has become shorter.
    [[nodiscard]] Task<Result<Bytes>> fetch(RequestFlow& flow, std::uint64_t offset, std::uint64_t wanted);

private:
    MediaFile file_;
    std::span<std::byte> memory_;
    std::uint64_t offset_ = 0;
    std::size_t size_ = 0;
};

/// One buffer that is filled and sent again and again. Lives as long as the request's pool.
class OutputBuffer {
public:
    /// For an answer of `total` bytes; null if there is no memory.
    [[nodiscard]] static OutputBuffer* create(ngx_http_request_t* r, std::uint64_t total) noexcept;

    [[nodiscard]] std::span<std::byte> room() const noexcept {
        return {reinterpret_cast<std::byte*>(buffer_->last),
                static_cast<std::size_t>(buffer_->end - buffer_->last)};
    }
    /// So many bytes of room() have been filled.
    void advance(std::size_t n) noexcept { buffer_->last += n; }
    /// Copies as many bytes as there is room for; says how many.
    [[nodiscard]] std::size_t append(Bytes bytes) noexcept;
    /// The chain to be sent; `last` tells that the answer ends with it.
    [[nodiscard]] ngx_chain_t* chain(const ngx_http_request_t* r, bool last) noexcept;
    /// What was sent may be overwritten.
    void rewind() noexcept { buffer_->pos = buffer_->last = buffer_->start; }

private:
    ngx_buf_t* buffer_ = nullptr;
    ngx_chain_t link_{};
};

}  // namespace mezz::nginx
