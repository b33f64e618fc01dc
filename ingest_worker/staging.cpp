#include "staging.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <utility>

#include "catalog/asset.hpp"
#include "output_files.hpp"

namespace mezz::worker {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kPrefix = ".ingest-";
constexpr std::size_t kMostFiles = 20000;

std::unexpected<Failure> system_failure(const std::string& what, int error) {
    if (error == ENOSPC || error == EDQUOT) return std::unexpected(write_failure(error));
    return give_up(FailureKind::system, what, std::strerror(error));
}

bool is_locked_by_another(const fs::path& folder) {
    const UniqueFd fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW));
    return fd.valid() && ::flock(fd.get(), LOCK_EX | LOCK_NB) != 0;
}

// Of a picture that stands there as JPEG, too.
bool is_other_form(std::string_view ending) noexcept {
    return ending == ".webp" || ending == ".avif";
}

}  // namespace

void remove_leftovers(const std::string& title_folder) {
    std::error_code error;
    std::vector<fs::path> stale;
    for (fs::directory_iterator entry(title_folder, error), end; !error && entry != end;
         entry.increment(error))
        if (entry->path().filename().string().starts_with(kPrefix) && !is_locked_by_another(entry->path()))
            stale.push_back(entry->path());
    for (const fs::path& folder : stale)
        fs::remove_all(folder, error);
}

bool is_title_file(std::string_view name) noexcept {
    const std::size_t slash = name.find('/');
    const bool picture = slash != std::string_view::npos;
    if (picture && name.substr(0, slash) != kThumbsFolder) return false;
    const std::string_view base = picture ? name.substr(slash + 1) : name;
    if (base == kAssetFile) return !picture;
    if (picture && base == kTilesFile) return true;
    const std::size_t dot = base.rfind('.');
    if (dot == std::string_view::npos || base.front() == '.') return false;
    const std::string_view stem = base.substr(0, dot);
    const std::string_view extension = base.substr(dot);
    const bool media = extension == ".vtt" ||
                       (picture ? extension == ".jpg" || is_other_form(extension) : extension == ".mp4");
    return media && std::ranges::all_of(stem, [](char c) {
               return c == '_' || catalog::is_rendition_name(std::string_view(&c, 1));
           });
}

std::string published_name(std::string_view name, std::uint64_t revision) {
    const std::size_t dot = name.rfind('.');
    std::string published(name);
    if (revision > 1 && name != kAssetFile && name.find('/') == std::string_view::npos &&
        dot != std::string_view::npos)
        published.insert(dot, ".r" + std::to_string(revision));
    return published;
}

std::string part_folder(const std::string& parts, JobKind kind, std::size_t number) {
    return parts + '/' + std::string(to_text(kind)) + std::to_string(number);
}

Outcome<Staging> Staging::make(const std::string& title_folder) {
    std::error_code error;
    const bool made = fs::create_directories(title_folder, error);
    if (error) return give_up(FailureKind::system, "The title's folder could not be made.", error.message());
    remove_leftovers(title_folder);
    UniqueFd parent(::open(title_folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!parent.valid()) return system_failure("The title's folder could not be opened.", errno);
    std::string path = title_folder + '/' + std::string(kPrefix) + "XXXXXX";
    if (::mkdtemp(path.data()) == nullptr)
        return system_failure("The title's folder cannot be written to.", errno);
    UniqueFd folder(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW));
    if (!folder.valid() || ::flock(folder.get(), LOCK_EX | LOCK_NB) != 0 ||
        ::mkdirat(folder.get(), std::string(kThumbsFolder).c_str(), 0755) != 0)
        return system_failure("The title's folder cannot be written to.", errno);
    return Staging(title_folder, made, fs::path(path).filename().string(), std::move(parent),
                   std::move(folder));
}

Staging::Staging(Staging&& other) noexcept
    : parent_path_(std::exchange(other.parent_path_, {})),
      made_parent_(other.made_parent_),
      name_(std::exchange(other.name_, {})),
      parent_(std::move(other.parent_)),
      folder_(std::move(other.folder_)),
      files_(std::move(other.files_)) {}

Staging::~Staging() {
    if (name_.empty()) return;
    std::error_code error;
    fs::remove_all(fs::path(parent_path_) / name_, error);
    if (made_parent_) fs::remove(parent_path_, error);  // does nothing to a folder with files
}

Outcome<UniqueFd> Staging::create(std::string_view name) {
    if (!is_title_file(name) || files_.size() == kMostFiles)
        return give_up(FailureKind::internal, "A file of this name is not part of a title.");
    const std::string path(name);
    UniqueFd fd(
        ::openat(folder_.get(), path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0644));
    if (!fd.valid()) return system_failure("A file could not be made.", errno);
    files_.push_back(path);
    return fd;
}

Outcome<UniqueFd> Staging::scratch() {
    UniqueFd fd(::openat(folder_.get(), ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
    if (fd.valid()) return fd;
    constexpr const char* kName = "scratch";
    fd = UniqueFd(::openat(folder_.get(), kName, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!fd.valid() || ::unlinkat(folder_.get(), kName, 0) != 0)
        return system_failure("A scratch file could not be made.", errno);
    return fd;
}

Outcome<UniqueFd> Staging::open(std::string_view name) const {
    if (std::ranges::find(files_, name) == files_.end())
        return give_up(FailureKind::internal, "A file of the title is missing.", std::string(name));
    UniqueFd fd(::openat(folder_.get(), std::string(name).c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
    struct stat status {};
    if (!fd.valid() || ::fstat(fd.get(), &status) != 0 || !S_ISREG(status.st_mode))
        return give_up(FailureKind::internal, "A file of the title is missing.", std::string(name));
    return fd;
}

Outcome<void> Staging::move_out(std::string_view name, JobControl& control, std::uint64_t revision) const {
    if (auto ok = control.while_publishing(); !ok) return ok;
    const std::string path(name);
    if (::renameat(folder_.get(), path.c_str(), parent_.get(), published_name(name, revision).c_str()) != 0)
        return system_failure("A finished file could not be put in its place.", errno);
    return {};
}

// Pictures of an earlier run in forms that this one has not made would be shown instead of its own.
void Staging::remove_old_pictures() const {
    const std::string folder(kThumbsFolder);
    std::error_code ignored;
    for (const auto& entry : fs::directory_iterator(parent_path_ + '/' + folder, ignored)) {
        const std::string name = folder + '/' + entry.path().filename().string();
        const bool made = std::ranges::find(files_, name) != files_.end();
        if (!made && is_other_form(entry.path().extension().string()))
            (void)::unlinkat(parent_.get(), name.c_str(), 0);
    }
}

Outcome<void> Staging::publish(std::string_view last, JobControl& control, std::uint64_t revision) {
    const std::string thumbs(kThumbsFolder);
    if (::mkdirat(parent_.get(), thumbs.c_str(), 0755) != 0 && errno != EEXIST)
        return system_failure("The folder of pictures could not be made.", errno);
    remove_old_pictures();
    for (const std::string& name : files_)
        if (name != last)
            if (auto ok = move_out(name, control, revision); !ok) return ok;
    const UniqueFd pictures(::openat(parent_.get(), thumbs.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!pictures.valid() || ::fsync(pictures.get()) != 0 || ::fsync(parent_.get()) != 0)
        return system_failure("The title's folder could not be made durable.", errno);
    if (last.empty()) return {};
    if (auto ok = move_out(last, control, revision); !ok) return ok;
    if (::fsync(parent_.get()) != 0)
        return system_failure("The title's folder could not be made durable.", errno);
    return {};
}

}  // namespace mezz::worker
