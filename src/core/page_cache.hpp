// Whether what is to be sent from a file is in memory.
#pragma once

#include <sys/types.h>
#include <sys/uio.h>

#include <cstddef>
#include <expected>
#include <span>

namespace mezz {

/// Reads what the page cache holds of an open file from `offset` on, without waiting, into the parts in turn
/// (RWF_NOWAIT). Says how many bytes that were, or an errno: EAGAIN if the first is not there, EOPNOTSUPP or
/// ENOSYS if the file system or the kernel cannot tell.
[[nodiscard]] std::expected<std::size_t, int> read_without_waiting(int fd, std::span<const iovec> parts,
                                                                   off_t offset) noexcept;

/// Whether the page cache holds the bytes [begin, end) of an open file, read and ready: never waits, reads
/// nothing. begin < end. `reads_under_way`: somebody may be reading the file into it just now, so that a page
/// that is there need not be ready; to look costs a system call for each 64 KiB. False, too, where nobody can
/// tell: Linux before 6.5 (cachestat(2)); a file that the process neither owns nor may write to, on kernels
/// that ask for that; file systems without RWF_NOWAIT (tmpfs, NFS).
[[nodiscard]] bool page_cache_holds(int fd, off_t begin, off_t end, bool reads_under_way) noexcept;

/// Whether some page of [begin, end) is surely neither in the page cache nor being read into it. To be asked
/// before RWF_NOWAIT: that does not wait, but where pages are missing it takes memory for them and begins to
/// read, which costs the caller a good part of a millisecond.
[[nodiscard]] bool page_cache_lacks(int fd, off_t begin, off_t end) noexcept;

}  // namespace mezz
