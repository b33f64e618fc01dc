#include "nginx/title_loader.hpp"

#include "catalog/catalog_entry.hpp"
#include "core/short_text.hpp"
#include "core/text.hpp"
#include "media/file_scanner.hpp"
#include "nginx/conf.hpp"
#include "nginx/flight.hpp"
#include "nginx/short_memory.hpp"
#include "nginx/text_loader.hpp"
#include "nginx/thread_op.hpp"
#include "nginx/title_files.hpp"
#include "nginx/title_videos.hpp"
#include "package/bit_rate.hpp"
#include "package/title_texts.hpp"

namespace mezz::nginx {
namespace {

constexpr std::size_t kFailures = 256;
constexpr ngx_msec_t kFailureTtl = 10'000;
constexpr std::size_t kRevisions = 1024;

Zone zone_of(const RequestFlow& flow) noexcept {
    return Zone(mezz_main_conf(flow.request()).zone);
}

using Key = ShortText<256>;

Key title_key(std::string_view path, std::string_view revision) {
    Key key;
    key += "title ";
    key += revision;
    key += ' ';
    key += path;
    return key;
}

Key index_key(const MediaFile& file) {
    Key key;
    key += "index ";
    key.append_raw(media::kFileIndexVersion);
    key.append_raw(file.size);
    key.append_raw(file.modified);
    key.append_raw(file.unique);
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

// Why files could not be indexed: a file that is broken stays so until it is replaced, and then has another
// key.
ShortMemory<Error>& failures() {
    static ShortMemory<Error> remembered(kFailures);
    return remembered;
}

bool is_the_files_fault(const Error& error) noexcept {
    return error.code == ErrorCode::bad_media || error.code == ErrorCode::unsupported ||
           error.code == ErrorCode::too_large;
}

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
        const PoolPath name = join_path(flow.pool(), path, text.name);
        auto index = co_await load_source_text(flow, name, text);
        if (index) {
            text.index = media::TextIndexView(index->bytes());
            indexes.push_back(std::move(*index));
            usable.push_back(std::move(text));
            continue;
        }
        if (!is_left_out(index.error())) co_return std::unexpected(index.error());
        log_line(flow.log(), NGX_LOG_WARN, 0, "mezz: text track left out, %s: %*s", index.error().text,
                 name.view());
    }
    texts = std::move(usable);
    co_return indexes;
}

// Indexes all files of a title and puts it together.
Task<Result<std::vector<std::byte>>> make_title(RequestFlow& flow, std::string_view path, TitleFiles& found,
                                                std::string_view revision) {
    std::vector<Block> indexes;
    for (package::SourceFile& file : found.files) {
        const PoolPath name = join_path(flow.pool(), path, file.name);
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

// Which revision a title had when its folder was last looked at. As for files themselves, the operator says
// by open_file_cache_valid how long that may be believed.
ShortMemory<std::string>& current_revisions() {
    static ShortMemory<std::string> remembered(kRevisions);
    return remembered;
}

// Locations may make different titles of the same files.
std::string current_key(const RequestFlow& flow, std::string_view path) {
    std::string key = package::make_revision({}, *mezz_conf(flow.request()).title_options, {});
    key += ' ';
    key += path;
    return key;
}

std::string remembered_revision(const RequestFlow& flow, std::string_view path) {
    if (core_conf(flow.request()).open_file_cache == nullptr) return {};
    const std::string* revision = current_revisions().find(current_key(flow, path));
    return revision == nullptr ? std::string() : *revision;
}

void remember_revision(const RequestFlow& flow, std::string_view path, const std::string& revision) {
    const ngx_http_core_loc_conf_t& core = core_conf(flow.request());
    if (core.open_file_cache == nullptr) return;
    const ngx_msec_t valid = static_cast<ngx_msec_t>(core.open_file_cache_valid) * 1000;
    current_revisions().put(current_key(flow, path), revision, valid);
}

void forget_revision(const RequestFlow& flow, std::string_view path) {
    if (core_conf(flow.request()).open_file_cache != nullptr)
        current_revisions().put(current_key(flow, path), {}, 0);
}

bool is_folder(const TitleFiles& found) noexcept {
    return !found.files.empty() && !found.files.front().name.empty();
}

// The title as of the revision that the URL names, or of the one that is believed to be the current one;
// without a block if that is not at hand.
LoadedTitle find_title_of_files(const RequestFlow& flow, const package::RequestPath& path) {
    LoadedTitle title;
    title.path = title_path(flow, path);
    if (!path.revision.empty()) {
        title.block = zone_of(flow).find(title_key(title.path, path.revision));
        return title;
    }
    const std::string known = remembered_revision(flow, title.path);
    if (!known.empty()) title.block = zone_of(flow).find(title_key(title.path, known));
    return title;
}

Task<Result<LoadedTitle>> load_title_of_files(RequestFlow& flow, package::RequestPath path) {
    const LocationConf& conf = mezz_conf(flow.request());
    LoadedTitle title;
    title.path = title_path(flow, path);
    auto found = co_await find_title_files(flow, title.path);
    if (!found) co_return std::unexpected(found.error());
    const std::string revision =
        package::make_revision(found->files, *conf.title_options, found->revision, found->texts);
    if (!path.revision.empty() && path.revision != revision)
        co_return fail(ErrorCode::not_found, "title: that revision is not the current one");
    if (is_folder(*found)) remember_revision(flow, title.path, revision);
    const Key key = title_key(title.path, revision);
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
    const Key key = title_key(title.path, revision);
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
    auto video = co_await find_ready_video(flow, path.title);
    if (!video) co_return std::unexpected(video.error());
    const LocationConf& conf = mezz_conf(flow.request());
    const std::string revision = video_revision(*conf.title_options, path.title, video->stamp().revision);
    if (!path.revision.empty() && path.revision != revision) {
        auto previous = co_await load_previous(flow, path, *video);
        co_return previous;
    }
    LoadedTitle title;
    title.path = title_path(flow, path);
    title.video = std::move(*video);
    const Key key = title_key(title.path, revision);
    title.block = zone_of(flow).find(key);
    if (title.block) co_return title;
    const auto entry = catalog::parse_catalog_entry(title.video->text(), path.title);
    if (!entry) co_return std::unexpected(entry.error());
    auto found = co_await find_asset_files(flow, title.path, entry->asset);
    if (!found) co_return std::unexpected(found.error());
    auto made = co_await make_title(flow, title.path, *found, revision);
    if (!made) co_return std::unexpected(made.error());
    title.block = zone_of(flow).insert(key, std::move(*made));
    warn_of_unaligned(flow, title.path, title.view());
    co_return title;
}

Task<Result<LoadedFile>> load_file_and_index(RequestFlow& flow, MediaFile media) {
    auto index = co_await load_index(flow, media);
    if (!index) co_return std::unexpected(index.error());
    LoadedFile file{.media = media, .index = std::move(*index)};
    co_return file;
}

}  // namespace

Task<Result<Block>> load_index(RequestFlow& flow, MediaFile file) {
    flow.set_subject(file.path());
    const std::string key(index_key(file).view());
    for (;;) {
        Block block = zone_of(flow).find(key);
        if (block) co_return block;
        if (const Error* known = failures().find(key)) co_return std::unexpected(*known);
        Flight* under_way = Flight::find(key);
        if (under_way == nullptr) break;
        const auto landed = co_await wait_for(flow, *under_way);
        if (!landed) co_return std::unexpected(landed.error());
    }
    Flight flight(key);
    auto index = co_await scan_file(flow, file);
    if (!index) {
        if (is_the_files_fault(index.error())) failures().put(key, index.error(), kFailureTtl);
        flight.fail(index.error());
        co_return std::unexpected(index.error());
    }
    if (const std::uint32_t broken = media::FileIndexView(*index).header().broken_texts; broken > 0)
        log_line(flow.log(), NGX_LOG_WARN, 0, "mezz: %uD text tracks left out, they are broken: %*s", broken,
                 file.path());
    co_return zone_of(flow).insert(key, std::move(*index));
}

PoolPath title_path(const RequestFlow& flow, const package::RequestPath& path) {
    return join_path(flow.pool(), nginx::view(mezz_conf(flow.request()).root), path.title);
}

Task<Result<LoadedTitle>> load_title(RequestFlow& flow, package::RequestPath path) {
    using Loading = Task<Result<LoadedTitle>>;
    if (!is_servable_path(path.title))
        return Loading::ready(fail(ErrorCode::not_found, "title: not a path that is served"));
    if (static_cast<Catalog>(mezz_conf(flow.request()).catalog) == Catalog::postgres)
        return load_title_of_catalog(flow, path);
    LoadedTitle title = find_title_of_files(flow, path);
    if (title.block) return Loading::ready(std::move(title));
    return load_title_of_files(flow, path);
}

Result<MediaFile> open_title_file(RequestFlow& flow, const LoadedTitle& title, std::uint32_t number) {
    const package::FileRecord& record = title.view().files()[number];
    auto opened = open_media_file(flow, join_path(flow.pool(), title.path, title.view().file_name(record)));
    if (opened && (opened->size != record.size || opened->modified != record.modified)) {
        forget_revision(flow, title.path);
        return fail(ErrorCode::not_found, "title: that revision is not the current one");
    }
    return opened;
}

Task<Result<LoadedFile>> load_file(RequestFlow& flow, const LoadedTitle& title, std::uint32_t number) {
    using Loading = Task<Result<LoadedFile>>;
    const auto opened = open_title_file(flow, title, number);
    if (!opened) return Loading::ready(std::unexpected(opened.error()));
    return load_file(flow, *opened);
}

Task<Result<LoadedFile>> load_file(RequestFlow& flow, const MediaFile& opened) {
    flow.set_subject(opened.path());
    LoadedFile file{.media = opened, .index = zone_of(flow).find(index_key(opened))};
    if (file.index) return Task<Result<LoadedFile>>::ready(std::move(file));
    return load_file_and_index(flow, opened);
}

}  // namespace mezz::nginx
