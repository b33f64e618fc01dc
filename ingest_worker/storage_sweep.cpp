#include "storage_sweep.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <ctime>
#include <filesystem>
#include <system_error>

#include "source_path.hpp"

namespace mezz::worker {

namespace fs = std::filesystem;

bool remove_folder(const std::string& root, const std::string& id) {
    if (root.empty() || !is_uuid(id)) return false;
    std::error_code error;
    fs::remove_all(fs::path(root) / id, error);
    return !error;
}

std::uint64_t remove_stale_files(const std::string& folder, std::chrono::seconds age) {
    const std::time_t oldest = std::time(nullptr) - static_cast<std::time_t>(age.count());
    std::uint64_t removed = 0;
    std::error_code error;
    for (fs::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error)) {
        struct stat status {};
        const char* const path = entry->path().c_str();
        if (::lstat(path, &status) == 0 && S_ISREG(status.st_mode) && status.st_mtime < oldest &&
            ::unlink(path) == 0)
            ++removed;
    }
    return removed;
}

}  // namespace mezz::worker
