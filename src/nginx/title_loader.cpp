#include "nginx/title_loader.hpp"

#include "catalog/catalog_entry.hpp"
#include "core/text.hpp"
#include "media/file_scanner.hpp"
#include "nginx/conf.hpp"
#include "nginx/flight.hpp"
#include "nginx/text_loader.hpp"
#include "nginx/thread_op.hpp"
#include "nginx/title_files.hpp"
#include "nginx/title_videos.hpp"
#include "package/bit_rate.hpp"
#include "package/title_texts.hpp"

namespace mezz::nginx {
namespace {

Zone zone_of(const RequestFlow& flow) noexcept {
    return Zone(mezz_main_conf(flow.request()).zone);
}

std::string title_key(std::string_view path, std::string_view revision) {
    std::string key = "title ";
    key += revision;
    key += ' ';
    key += path;
    return key;
}

std::string index_key(const MediaFile& file) {
    std::string key = "index ";
    append_number(key, media::kFileIndexVersion);
    append_identity(key, file);
    key += ' ';
    key += file.path();
    return key;
}

// Reads and indexes a file, all in a thread: it takes as long as moov is large.
struct IndexJob {
    FileRef file;
    std::uint64_t max_moov = 0;
    Result<std::vector<std::byte>> result{std::unexpect, Error{ErrorCode::internal, "index: no memory"}};

    void run() noexcept {
        try {
            result = index();
        } catch (const std::bad_alloc&) {
            return;
        }
    }

private:
    Result<std::vector<std::byte>> index() const {
        package::TsPieceCost cost;
        media::FileScanner scanner(static_cast<std::uint64_t>(file.size), max_moov, cost);
        std::vector<std::byte> buffer;
        while (const auto need = scanner.need()) {
            buffer.resize(static_cast<std::size_t>(need->length));
            const auto n = read_blocking(file, buffer, need->offset);
            if (!n) return fail(ErrorCode::io, "file: cannot be read", need->offset);
            if (*n != buffer.size())
                return fail(ErrorCode::io, "file: shorter than it was", need->offset + *n);
            if (const auto fed = scanner.feed(buffer); !fed) return std::unexpected(fed.error());
        }
        return scanner.take_index();
    }
};

Task<Result<std::vector<std::byte>>> scan_file(RequestFlow& flow, MediaFile file) {
    IndexJob job;
    job.file = file.file;
    job.max_moov = mezz_conf(flow.request()).max_moov;
    const auto done = co_await run_in_thread(flow, job, "indexing a file");
    if (!done) co_return std::unexpected(done.error());
    co_return std::move(job.result);
}

// What a viewer can do without does not make the title fail: only what may be there next time does.
bool is_left_out(const Error& error) noexcept {
    return error.code == ErrorCode::bad_media || error.code == ErrorCode::too_large ||
           error.code == ErrorCode::not_found;
}

// A text track's index. What the catalog says of it is completed by what an MP4 file does.
Task<Result<Block>> load_source_text(RequestFlow& flow, std::string_view path, package::SourceText& text) {
    const bool listed = text.number == package::kOwnFile && is_media_name(text.name);
    if (text.number == package::kOwnFile && !listed) {
        auto block = co_await load_text_file(flow, path, text.size, text.modified);
        co_return block;
    }
    const auto opened = open_media_file(flow, path);
    if (!opened) co_return std::unexpected(opened.error());
    if (opened->size != text.size || opened->modified != text.modified)
        co_return fail(ErrorCode::busy, "file: has just been replaced");
    if (listed) text.number = 0;
    auto block = co_await load_text_track(flow, *opened, text.number);
    if (!block || !listed) co_return block;
    const auto index = co_await load_index(flow, *opened);
    if (index) package::complete_text(media::FileIndexView(index->bytes()).text(0), text);
    co_return block;
}

// Indexes the text tracks; those that cannot be used are left out, with a warning.
Task<Result<std::vector<Block>>> load_texts(RequestFlow& flow, std::string_view path,
                                            std::vector<package::SourceText>& texts) {
    std::vector<Block> indexes;
    std::vector<package::SourceText> usable;
    for (package::SourceText& text : texts) {
        const std::string name = join_path(path, text.name);
        auto index = co_await load_source_text(flow, name, text);
        if (index) {
            text.index = media::TextIndexView(index->bytes());
            indexes.push_back(std::move(*index));
            usable.push_back(std::move(text));
            continue;
        }
        if (!is_left_out(index.error())) co_return std::unexpected(index.error());
        log_line(flow.log(), NGX_LOG_WARN, 0, "mezz: text track left out, %s: %*s", index.error().text,
                 std::string_view(name));
    }
    texts = std::move(usable);
    co_return indexes;
}

// Indexes all files of a title and puts it together.
Task<Result<std::vector<std::byte>>> make_title(RequestFlow& flow, std::string_view path, TitleFiles& found,
                                                std::string_view revision) {
    std::vector<Block> indexes;
    for (package::SourceFile& file : found.files) {
        const std::string name = join_path(path, file.name);
        const auto opened = open_media_file(flow, name);
        if (!opened) co_return std::unexpected(opened.error());
        if (opened->size != file.size || opened->modified != file.modified)
            co_return fail(ErrorCode::busy, "file: has just been replaced");
        auto index = co_await load_index(flow, *opened);
        if (!index) co_return std::unexpected(index.error());
        indexes.push_back(std::move(*index));
        file.index = media::FileIndexView(indexes.back().bytes());
    }
    package::add_track_texts(found.files, found.texts);
    const auto texts = co_await load_texts(flow, path, found.texts);
    if (!texts) co_return std::unexpected(texts.error());
    const auto storyboard = co_await find_storyboard(flow, path, found.thumbs);
    if (!storyboard) co_return std::unexpected(storyboard.error());
    const package::TitleFacts facts{.name = found.name, .storyboard = *storyboard};
    co_return package::build_title(found.files, *mezz_conf(flow.request()).title_options, revision,
                                   found.texts, facts);
}

void warn_of_unaligned(RequestFlow& flow, std::string_view path, const package::TitleView& title) noexcept {
    if (title.header().unaligned == 0) return;
    log_line(flow.log(), NGX_LOG_WARN, 0,
             "mezz: %uD renditions left out, their key frames are not those of the first: %*s",
             title.header().unaligned, path);
}

Task<Result<LoadedTitle>> load_title_of_files(RequestFlow& flow, package::RequestPath path) {
    const LocationConf& conf = mezz_conf(flow.request());
    LoadedTitle title;
    title.path = title_path(flow, path);
    if (!path.revision.empty()) {
        title.block = zone_of(flow).find(title_key(title.path, path.revision));
        if (title.block) co_return title;
    }
    auto found = co_await find_title_files(flow, title.path);
    if (!found) co_return std::unexpected(found.error());
    const std::string revision =
        package::make_revision(found->files, *conf.title_options, found->revision, found->texts);
    if (!path.revision.empty() && path.revision != revision)
        co_return fail(ErrorCode::not_found, "title: that revision is not the current one");
    const std::string key = title_key(title.path, revision);
    title.block = zone_of(flow).find(key);
    if (title.block) co_return title;
    auto made = co_await make_title(flow, title.path, *found, revision);
    if (!made) co_return std::unexpected(made.error());
    title.block = zone_of(flow).insert(key, std::move(*made));
    warn_of_unaligned(flow, title.path, title.view());
    co_return title;
}

// The catalog's revision and what the packager makes of it: no file needs to be looked at for it.
std::string video_revision(const package::TitleOptions& options, std::string_view video_id,
                           std::uint64_t revision) {
    std::string name(video_id);
    name += ' ';
    append_number(name, revision);
    return package::make_revision({}, options, name);
}

// What was replaced is there for the sessions that began with it.
Task<Result<LoadedTitle>> load_previous(RequestFlow& flow, package::RequestPath path,
                                        const CatalogRecord& video) {
    const auto entry = catalog::parse_catalog_entry(video.text(), path.title);
    if (!entry) co_return std::unexpected(entry.error());
    const package::TitleOptions& options = *mezz_conf(flow.request()).title_options;
    if (!entry->previous || video_revision(options, path.title, entry->previous->revision) != path.revision)
        co_return fail(ErrorCode::not_found, "title: that revision is not there");
    LoadedTitle title;
    title.path = title_path(flow, path);
    const std::string revision(path.revision);
    const std::string key = title_key(title.path, revision);
    title.block = zone_of(flow).find(key);
    if (title.block) co_return title;
    auto found = co_await find_asset_files(flow, title.path, *entry->previous);
    if (!found) co_return std::unexpected(found.error());
    auto made = co_await make_title(flow, title.path, *found, revision);
    if (!made) co_return std::unexpected(made.error());
    title.block = zone_of(flow).insert(key, std::move(*made));
    co_return title;
}

Task<Result<LoadedTitle>> load_title_of_catalog(RequestFlow& flow, package::RequestPath path) {
    const auto video = co_await find_ready_video(flow, path.title);
    if (!video) co_return std::unexpected(video.error());
    const LocationConf& conf = mezz_conf(flow.request());
    const std::string revision = video_revision(*conf.title_options, path.title, video->stamp().revision);
    if (!path.revision.empty() && path.revision != revision) {
        auto previous = co_await load_previous(flow, path, *video);
        co_return previous;
    }
    LoadedTitle title;
    title.path = title_path(flow, path);
    const std::string key = title_key(title.path, revision);
    title.block = zone_of(flow).find(key);
    if (title.block) co_return title;
    const auto entry = catalog::parse_catalog_entry(video->text(), path.title);
    if (!entry) co_return std::unexpected(entry.error());
    auto found = co_await find_asset_files(flow, title.path, entry->asset);
    if (!found) co_return std::unexpected(found.error());
    auto made = co_await make_title(flow, title.path, *found, revision);
    if (!made) co_return std::unexpected(made.error());
    title.block = zone_of(flow).insert(key, std::move(*made));
    warn_of_unaligned(flow, title.path, title.view());
    co_return title;
}

}  // namespace

Task<Result<Block>> load_index(RequestFlow& flow, MediaFile file) {
    flow.set_subject(file.path());
    const std::string key = index_key(file);
    for (;;) {
        Block block = zone_of(flow).find(key);
        if (block) co_return block;
        Flight* under_way = Flight::find(key);
        if (under_way == nullptr) break;
        const auto landed = co_await wait_for(flow, *under_way);
        if (!landed) co_return std::unexpected(landed.error());
    }
    Flight flight(key);
    auto index = co_await scan_file(flow, file);
    if (!index) {
        flight.fail(index.error());
        co_return std::unexpected(index.error());
    }
    if (const std::uint32_t broken = media::FileIndexView(*index).header().broken_texts; broken > 0)
        log_line(flow.log(), NGX_LOG_WARN, 0, "mezz: %uD text tracks left out, they are broken: %*s", broken,
                 file.path());
    co_return zone_of(flow).insert(key, std::move(*index));
}

std::string join_path(std::string_view folder, std::string_view name) {
    std::string path(folder);
    if (!name.empty()) {
        path += '/';
        path += name;
    }
    return path;
}

std::string title_path(const RequestFlow& flow, const package::RequestPath& path) {
    return join_path(nginx::view(mezz_conf(flow.request()).root), path.title);
}

Task<Result<LoadedTitle>> load_title(RequestFlow& flow, package::RequestPath path) {
    if (!is_servable_path(path.title))
        co_return fail(ErrorCode::not_found, "title: not a path that is served");
    const bool catalogued = static_cast<Catalog>(mezz_conf(flow.request()).catalog) == Catalog::postgres;
    auto loading = catalogued ? load_title_of_catalog(flow, path) : load_title_of_files(flow, path);
    auto title = co_await loading;
    co_return title;
}

Task<Result<LoadedFile>> load_file(RequestFlow& flow, const LoadedTitle& title, std::uint32_t number) {
    const package::FileRecord& record = title.view().files()[number];
    const std::string name = join_path(title.path, title.view().file_name(record));
    const auto opened = open_media_file(flow, name);
    if (!opened) co_return std::unexpected(opened.error());
    if (opened->size != record.size || opened->modified != record.modified)
        co_return fail(ErrorCode::not_found, "title: that revision is not the current one");
    LoadedFile file;
    file.media = *opened;
    auto index = co_await load_index(flow, *opened);
    if (!index) co_return std::unexpected(index.error());
    file.index = std::move(*index);
    co_return file;
}

}  // namespace mezz::nginx
