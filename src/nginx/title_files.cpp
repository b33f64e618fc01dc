#include "nginx/title_files.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <algorithm>
#include <cctype>
#include <cstdio>
#include <filesystem>
#include <memory>

#include "catalog/text_name.hpp"
#include "nginx/thread_op.hpp"

namespace mezz::nginx {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMostFiles = 64;
constexpr std::string_view kAssetName = "asset.json";
constexpr std::size_t kLargestAsset = 1 << 20;

// Of a SourceFile or a SourceText.
template <class F>
bool set_identity(const fs::path& path, F& file) noexcept {
    struct stat status {};
    if (::stat(path.c_str(), &status) != 0 || !S_ISREG(status.st_mode)) return false;
    file.size = static_cast<std::uint64_t>(status.st_size);
    file.modified = std::int64_t{status.st_mtim.tv_sec} * 1000000000 + status.st_mtim.tv_nsec;
    return true;
}

// nullopt if there is no such file.
Result<std::optional<std::string>> read_asset_file(const fs::path& path) {
    const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd == -1 && errno == ENOENT) return std::nullopt;
    if (fd == -1) return fail(ErrorCode::io, "asset.json: cannot be opened");
    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(::fdopen(fd, "r"), &std::fclose);
    struct stat status {};
    if (!file || ::fstat(fd, &status) != 0 || !S_ISREG(status.st_mode))
        return fail(ErrorCode::bad_media, "asset.json: is not a regular file");
    std::string text;
    char piece[4096];
    for (std::size_t n = 0; (n = std::fread(piece, 1, sizeof piece, file.get())) > 0;) {
        text.append(piece, n);
        if (text.size() > kLargestAsset) return fail(ErrorCode::too_large, "asset.json: over 1 MiB");
    }
    return text;
}

package::SourceText text_of_asset(const fs::path& folder, const catalog::AssetSubtitles& subtitles) {
    package::SourceText text;
    text.name = subtitles.file;
    text.track = subtitles.name;
    text.language = subtitles.language;
    text.label = subtitles.label;
    text.is_default = subtitles.is_default;
    text.is_forced = subtitles.is_forced;
    text.is_sdh = subtitles.is_sdh;
    (void)set_identity(folder / text.name, text);
    return text;
}

Result<TitleFiles> files_of_asset(const fs::path& folder, const catalog::Asset& asset) {
    TitleFiles title;
    title.revision = std::to_string(asset.revision);
    title.revision += ' ';
    title.revision += asset.title;
    title.name = asset.title;
    title.thumbs = asset.thumbs;
    for (const catalog::AssetRendition& rendition : asset.renditions) {
        package::SourceFile file;
        file.name = rendition.file;
        file.rendition = rendition.name;
        file.language = rendition.language;
        file.label = rendition.label;
        file.is_default = rendition.is_default;
        file.is_described = rendition.is_described;
        file.is_commentary = rendition.is_commentary;
        if (!set_identity(folder / file.name, file))
            return fail(ErrorCode::bad_media, "asset.json: a rendition's file is missing");
        title.files.push_back(std::move(file));
    }
    for (const catalog::AssetSubtitles& subtitles : asset.subtitles)
        title.texts.push_back(text_of_asset(folder, subtitles));
    return title;
}

// Adds a file of a folder to the texts if its name is one's.
Result<void> add_text(const fs::path& path, std::vector<package::SourceText>& texts) {
    package::SourceText text;
    text.name = path.filename().string();
    auto said = catalog::read_text_name(text.name);
    if (!said || !catalog::is_plain_file_name(text.name) || !set_identity(path, text)) return {};
    if (texts.size() == kMostFiles) return fail(ErrorCode::too_large, "folder: over 64 text files");
    text.track = std::move(said->track);
    text.language = std::move(said->language);
    text.is_default = said->is_default;
    text.is_forced = said->is_forced;
    text.is_sdh = said->is_sdh;
    texts.push_back(std::move(text));
    return {};
}

Result<TitleFiles> files_of_folder(const fs::path& folder) {
    TitleFiles title;
    std::error_code error;
    for (fs::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error)) {
        package::SourceFile file;
        file.name = entry->path().filename().string();
        if (const auto added = add_text(entry->path(), title.texts); !added)
            return std::unexpected(added.error());
        if (!is_media_name(file.name) || !set_identity(entry->path(), file)) continue;
        if (title.files.size() == kMostFiles)
            return fail(ErrorCode::too_large, "folder: over 64 media files");
        title.files.push_back(std::move(file));
    }
    if (title.files.empty()) return fail(ErrorCode::not_found, "folder: no media file in it");
    std::ranges::sort(title.files, {}, &package::SourceFile::name);
    std::ranges::sort(title.texts, {}, &package::SourceText::name);
    return title;
}

// Looks at a folder in a thread: reading directories cannot be done without blocking.
struct FolderJob {
    fs::path folder;
    Result<TitleFiles> result{std::unexpect, Error{ErrorCode::internal, "folder: no memory"}};

    void run() noexcept {
        try {
            struct stat status {};
            if (::stat(folder.c_str(), &status) != 0 || !S_ISDIR(status.st_mode)) {
                result = fail(ErrorCode::not_found, "title: no such file or folder");
                return;
            }
            result = files_of_title();
        } catch (const std::exception&) {
            return;
        }
    }

private:
    Result<TitleFiles> files_of_title() const {
        const auto json = read_asset_file(folder / kAssetName);
        if (!json) return std::unexpected(json.error());
        if (!*json) return files_of_folder(folder);
        const auto asset = catalog::parse_asset(**json);
        if (!asset) return std::unexpected(asset.error());
        return files_of_asset(folder, *asset);
    }
};

struct AssetJob {
    fs::path folder;
    const catalog::Asset& asset;
    Result<TitleFiles> result{std::unexpect, Error{ErrorCode::internal, "folder: no memory"}};

    void run() noexcept {
        try {
            result = files_of_asset(folder, asset);
        } catch (const std::exception&) {
            return;
        }
    }
};

// Looks at the sheets of a storyboard.
struct SheetJob {
    fs::path folder;
    package::Storyboard found;
    std::uint32_t sheets = 0;

    void run() noexcept {
        try {
            for (; found.sheets < sheets; ++found.sheets) {
                struct stat status {};
                const std::string name = "storyboard_" + std::to_string(found.sheets) + ".jpg";
                if (::stat((folder / name).c_str(), &status) != 0) break;
                found.largest = std::max(found.largest, static_cast<std::uint64_t>(status.st_size));
            }
        } catch (const std::exception&) {
            return;
        }
    }
};

}  // namespace

Task<Result<package::Storyboard>> find_storyboard(RequestFlow& flow, std::string_view folder,
                                                  const catalog::AssetThumbs& thumbs) {
    constexpr std::uint32_t kMostSheets = 2000;
    if (thumbs.tile_width == 0 || thumbs.tile_height == 0 || thumbs.interval_ms == 0 ||
        thumbs.sheets > kMostSheets)
        co_return package::Storyboard{};
    SheetJob job{.folder = fs::path(folder) / "thumbs",
                 .found = {.columns = thumbs.columns,
                           .rows = thumbs.rows,
                           .tile_width = thumbs.tile_width,
                           .tile_height = thumbs.tile_height,
                           .interval_ms = thumbs.interval_ms},
                 .sheets = thumbs.sheets};
    const auto done = co_await run_in_thread(flow, job, "looking for a storyboard");
    if (!done) co_return std::unexpected(done.error());
    if (job.found.sheets < thumbs.sheets) co_return package::Storyboard{};
    co_return job.found;
}

Task<Result<TitleFiles>> find_title_files(RequestFlow& flow, PoolPath path) {
    const auto single = open_file_or_folder(flow, path);
    if (!single) co_return std::unexpected(single.error());
    if (*single) {
        TitleFiles title;
        package::SourceFile& file = title.files.emplace_back();
        file.size = (*single)->size;
        file.modified = (*single)->modified;
        co_return title;
    }
    FolderJob job;
    job.folder = path.view();
    const auto done = co_await run_in_thread(flow, job, "reading a title's folder");
    if (!done) co_return std::unexpected(done.error());
    co_return std::move(job.result);
}

Task<Result<TitleFiles>> find_asset_files(RequestFlow& flow, std::string_view folder,
                                          const catalog::Asset& asset) {
    AssetJob job{.folder = folder, .asset = asset};
    const auto done = co_await run_in_thread(flow, job, "looking for a title's files");
    if (!done) co_return std::unexpected(done.error());
    co_return std::move(job.result);
}

bool is_media_name(std::string_view name) {
    if (!catalog::is_plain_file_name(name)) return false;
    std::string extension = fs::path(name).extension().string();
    std::ranges::transform(extension, extension.begin(), [](unsigned char c) { return std::tolower(c); });
    return extension == ".mp4" || extension == ".m4v" || extension == ".m4a" || extension == ".mov";
}

bool is_servable_path(std::string_view path) noexcept {
    if (path.empty() || path.substr(path.rfind('/') + 1) == kAssetName) return false;
    while (!path.empty()) {
        const std::size_t slash = path.find('/');
        const std::string_view component = path.substr(0, slash);
        if (component.empty() || component.starts_with('.')) return false;
        path = slash == std::string_view::npos ? std::string_view() : path.substr(slash + 1);
        if (slash != std::string_view::npos && path.empty()) return false;
    }
    return true;
}

}  // namespace mezz::nginx
