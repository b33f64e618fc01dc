// Reads from local files that never block the worker.
#pragma once

#include <sys/uio.h>

#include <cstddef>
#include <span>

#include "nginx/thread_op.hpp"

namespace mezz::nginx {

/// An open file that somebody else closes, not before the request's pool is destroyed.
struct FileRef {
    ngx_fd_t fd = NGX_INVALID_FILE;
    dev_t device = 0;     ///< st_dev
    off_t size = 0;       ///< bytes
    ngx_str_t name{};     ///< NUL-terminated
    bool direct = false;  ///< opened with O_DIRECT, as `directio` asks: reads go past the page cache
};

/// Reads in a thread, which may block: fills `to` from `offset` on, and says how many bytes it read, fewer
/// than to.size() only at the end of the file; or an errno.
[[nodiscard]] std::expected<std::size_t, int> read_blocking(const FileRef& file, std::span<std::byte> to,
                                                            std::uint64_t offset) noexcept;

/// Reads, without ever waiting, what the page cache holds of a file from `offset` on, into the parts in turn,
/// `size` bytes together (more than 0).
/// Says how many bytes that were: fewer than the parts hold if the rest is not there, if the file system
/// cannot tell, or if reading fails.
[[nodiscard]] std::size_t read_if_cached(const FileRef& file, std::span<const iovec> parts,
                                         std::uint64_t offset, std::size_t size) noexcept;

/// See read_file().
class ReadOp final : public ThreadOp {
public:
    ReadOp(RequestFlow& flow, const FileRef& file, std::span<std::byte> to, std::uint64_t offset,
           std::source_location where) noexcept;

    [[nodiscard]] bool await_ready() noexcept;
    [[nodiscard]] Result<std::size_t> await_resume() const noexcept;

private:
    static void read_rest(void* self) noexcept;
    bool read_cached() noexcept;

    FileRef file_;
    std::span<std::byte> to_;
    std::uint64_t offset_;
    std::size_t done_ = 0;
    int errno_ = 0;
};

/// `co_await read_file(...)`: fills `to` from `offset` on and says how many bytes it read, fewer than
/// to.size() only at the end of the file. What the page cache holds is copied at once, without suspending;
/// for the rest a thread is asked, always so on a file system without RWF_NOWAIT. `to` lies in the coroutine
/// or in the pool. Fails with io, or as run_in_thread() does.
[[nodiscard]] inline ReadOp read_file(RequestFlow& flow, const FileRef& file, std::span<std::byte> to,
                                      std::uint64_t offset,
                                      std::source_location where = std::source_location::current()) noexcept {
    return ReadOp(flow, file, to, offset, where);
}

}  // namespace mezz::nginx
