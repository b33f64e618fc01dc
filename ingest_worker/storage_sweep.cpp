#include "storage_sweep.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <ctime>
#include <filesystem>
#include <set>
#include <system_error>

#include "catalog/asset.hpp"
#include "source_path.hpp"

namespace mezz::worker {

namespace fs = std::filesystem;

bool remove_folder(const std::string& root, const std::string& id) {
    if (root.empty() || !is_uuid(id)) return false;
    std::error_code error;
    fs::remove_all(fs::path(root) / id, error);
    return !error;
}

std::optional<std::uint64_t> remove_replaced_files(const std::string& root, const std::string& id,
                                                   std::string_view asset) {
    const auto current = catalog::parse_asset(asset);
    if (root.empty() || !is_uuid(id) || !current) return std::nullopt;
    std::set<std::string> kept;
    for (const auto& rendition : current->renditions)
        kept.insert(rendition.file);
    for (const auto& text : current->subtitles)
        kept.insert(text.file);
    std::vector<fs::path> replaced;
    std::error_code error;
    for (fs::directory_iterator entry(fs::path(root) / id, error), end; !error && entry != end;
         entry.increment(error)) {
        const fs::path name = entry->path().filename();
        if ((name.extension() == ".mp4" || name.extension() == ".vtt") && !kept.contains(name.string()) &&
            entry->symlink_status(error).type() == fs::file_type::regular)
            replaced.push_back(entry->path());
    }
    for (const fs::path& path : replaced)
        if (!error) fs::remove(path, error);
    if (error) return std::nullopt;
    return replaced.size();
}

std::vector<std::string> folders_in(const std::string& root) {
    std::vector<std::string> names;
    std::error_code error;
    for (fs::directory_iterator entry(root, error), end; !error && entry != end; entry.increment(error))
        if (const std::string name = entry->path().filename().string(); is_uuid(name)) names.push_back(name);
    return names;
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
