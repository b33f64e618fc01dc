#include "core/page_cache.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

#include "check.hpp"

using mezz::page_cache_holds;
using mezz::page_cache_lacks;
using mezz::test::kFine;

namespace {

const off_t kPage = ::sysconf(_SC_PAGESIZE);
constexpr off_t kSize = (off_t{1} << 20) + 100;

/// A file on the disk, wholly in memory. Not in /tmp, which may be a tmpfs.
class File {
public:
    File() {
        fd_ = ::mkstemp(name_.data());
        ::unlink(name_.data());
        const std::vector<char> bytes(kSize, 'x');
        if (::write(fd_, bytes.data(), bytes.size()) != kSize || ::fsync(fd_) != 0) std::abort();
    }
    ~File() { ::close(fd_); }
    [[nodiscard]] bool holds(off_t begin, off_t end) const { return page_cache_holds(fd_, begin, end, true); }
    [[nodiscard]] bool has(off_t begin, off_t end) const { return page_cache_holds(fd_, begin, end, false); }
    [[nodiscard]] bool lacks(off_t begin, off_t end) const { return page_cache_lacks(fd_, begin, end); }
    /// What mincore(2) says. Its answer depends on who owns the file, too, but it needs a mapping.
    [[nodiscard]] bool resident(off_t begin, off_t end) const {
        const off_t first = begin / kPage * kPage;
        const auto size = static_cast<std::size_t>(end - first);
        void* pages = ::mmap(nullptr, size, PROT_READ, MAP_SHARED, fd_, first);
        std::vector<unsigned char> found(static_cast<std::size_t>((end - first + kPage - 1) / kPage));
        if (pages == MAP_FAILED || ::mincore(pages, size, found.data()) != 0) std::abort();
        ::munmap(pages, size);
        return std::ranges::all_of(found, [](unsigned char byte) { return (byte & 1) != 0; });
    }
    void forget(off_t begin, off_t size) const { ::posix_fadvise(fd_, begin, size, POSIX_FADV_DONTNEED); }

private:
    std::string name_ = "page_cache_XXXXXX";
    int fd_ = -1;
};

// What this kernel and the file system of this folder can tell.
bool can_tell() {
    return File().holds(0, 1);
}

const char* everything_in_memory() {
    const File file;
    MEZZ_CHECK(file.holds(0, kSize));
    MEZZ_CHECK(file.holds(kSize - 1, kSize));
    MEZZ_CHECK(file.holds(5000, 5001));
    MEZZ_CHECK(file.holds(kPage - 1, kPage + 1));
    return kFine;
}

const char* nothing_in_memory() {
    const File file;
    file.forget(0, 0);
    MEZZ_CHECK(!file.holds(0, kSize));
    file.forget(0, 0);
    MEZZ_CHECK(!file.holds(kSize - 1, kSize));
    return kFine;
}

// One page that is missing counts, wherever it is, and asking has not brought it back. (A file system with
// large folios may keep it, then it is there for both.)
const char* one_page_missing() {
    const File file;
    const off_t kHole = 77 * kPage;
    file.forget(kHole, kPage);
    const std::pair<off_t, off_t> ranges[] = {
        {0, kSize}, {kHole - 1, kHole + 1}, {kHole + kPage - 1, kHole + 2 * kPage},
        {0, kHole}, {kHole + kPage, kSize}, {kHole + 7, kHole + 8}};
    for (int time = 0; time < 3; ++time)
        for (const auto& [begin, end] : ranges) {
            MEZZ_CHECK(file.holds(begin, end) == file.resident(begin, end));
            MEZZ_CHECK(file.has(begin, end) == file.resident(begin, end));
            MEZZ_CHECK(file.lacks(begin, end) != file.resident(begin, end));
        }
    return kFine;
}

const char* no_file() {
    MEZZ_CHECK(!page_cache_holds(-1, 0, 1, true));
    MEZZ_CHECK(!page_cache_lacks(-1, 0, 1));
    return kFine;
}

}  // namespace

int main() {
    const CMUnitTest anywhere[] = {MEZZ_CHECKED(no_file), MEZZ_CHECKED(nothing_in_memory)};
    const int failed = cmocka_run_group_tests(anywhere, nullptr, nullptr);
    if (failed != 0 || !can_tell()) return failed;
    const CMUnitTest where_known[] = {MEZZ_CHECKED(everything_in_memory), MEZZ_CHECKED(one_page_missing)};
    return cmocka_run_group_tests(where_known, nullptr, nullptr);
}
