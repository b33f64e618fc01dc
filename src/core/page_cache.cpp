#include "core/page_cache.hpp"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <optional>

namespace mezz {

namespace {

// cachestat(2), which the C library of Debian 12 does not know.
constexpr long kCachestat = 451;
struct CachestatRange {
    std::uint64_t offset;
    std::uint64_t length;  ///< bytes; 0: to the end
};
struct Cachestat {
    std::uint64_t cached;  ///< pages, those that are being read among them
    std::uint64_t dirty;
    std::uint64_t writeback;
    std::uint64_t evicted;
    std::uint64_t recently_evicted;
};

// How many pages of [begin, end) are not there; none if nobody can tell.
std::optional<std::uint64_t> missing_pages(int fd, off_t begin, off_t end) noexcept {
    static const auto page = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
    CachestatRange range{static_cast<std::uint64_t>(begin), static_cast<std::uint64_t>(end - begin)};
    Cachestat stat{};
    if (::syscall(kCachestat, fd, &range, &stat, 0U) != 0) return std::nullopt;
    const std::uint64_t first = range.offset / page;
    const std::uint64_t pages = (range.offset + range.length - 1) / page + 1 - first;
    return pages - std::min(pages, stat.cached);
}

// Whether a page has been read, too.
bool is_ready(int fd, off_t offset) noexcept {
    std::byte byte{};
    const iovec part{&byte, sizeof(byte)};
    return read_without_waiting(fd, std::span(&part, 1), offset).value_or(0) == 1;
}

// Of pages that are there: whether none is being read. The kernel reads ahead in pieces of 128 KiB and more,
// which end with the last page or hold one of these.
bool all_pages_ready(int fd, off_t begin, off_t end) noexcept {
    constexpr off_t kStride = off_t{64} << 10;
    for (off_t at = begin; at < end - 1; at += kStride)
        if (!is_ready(fd, at)) return false;
    return is_ready(fd, end - 1);
}

}  // namespace

std::expected<std::size_t, int> read_without_waiting(int fd, std::span<const iovec> parts,
                                                     off_t offset) noexcept {
    ssize_t n = 0;
    do {
        n = ::preadv2(fd, parts.data(), static_cast<int>(parts.size()), offset, RWF_NOWAIT);
    } while (n < 0 && errno == EINTR);
    if (n < 0) return std::unexpected(errno);
    return static_cast<std::size_t>(n);
}

bool page_cache_holds(int fd, off_t begin, off_t end, bool reads_under_way) noexcept {
    return missing_pages(fd, begin, end) == 0 && (!reads_under_way || all_pages_ready(fd, begin, end));
}

bool page_cache_lacks(int fd, off_t begin, off_t end) noexcept {
    return missing_pages(fd, begin, end).value_or(0) > 0;
}

}  // namespace mezz
