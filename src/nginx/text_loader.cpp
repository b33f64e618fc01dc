#include "nginx/text_loader.hpp"

#include "core/text.hpp"
#include "media/text_parser.hpp"
#include "media/text_track_reader.hpp"
#include "nginx/conf.hpp"
#include "nginx/flight.hpp"
#include "nginx/thread_op.hpp"

namespace mezz::nginx {
namespace {

std::string text_key(const MediaFile& file, std::uint32_t number) {
    std::string key = "text ";
    append_number(key, media::kTextIndexVersion);
    key += ' ';
    append_number(key, number);
    append_identity(key, file);
    key += ' ';
    key += file.path();
    return key;
}

// Reads and parses a file in a thread.
struct TextJob {
    FileRef file;
    Result<std::vector<std::byte>> result{std::unexpect, Error{ErrorCode::internal, "text track: no memory"}};

    void run() noexcept {
        try {
            result = index();
        } catch (const std::bad_alloc&) {
            return;
        }
    }

private:
    Result<std::vector<std::byte>> index() const {
        std::vector<std::byte> bytes(static_cast<std::size_t>(file.size));
        const auto n = read_blocking(file, bytes, 0);
        if (!n) return fail(ErrorCode::io, "file: cannot be read", 0);
        if (*n != bytes.size()) return fail(ErrorCode::io, "file: shorter than it was", *n);
        return media::index_text_file(as_text(bytes));
    }
};

// Reads the samples of a track in an MP4 file, in a thread.
struct TrackJob {
    FileRef file;
    Bytes index;  // of the file
    std::uint32_t number = 0;
    std::uint64_t most_bytes = 0;
    Result<std::vector<std::byte>> result{std::unexpect, Error{ErrorCode::internal, "text track: no memory"}};

    void run() noexcept {
        try {
            result = cues();
        } catch (const std::bad_alloc&) {
            return;
        }
    }

private:
    Result<std::vector<std::byte>> cues() const {
        const media::TrackView track = media::FileIndexView(index).text(number);
        media::TextTrackReader reader(track, static_cast<std::uint64_t>(file.size), most_bytes);
        std::vector<std::byte> buffer;
        while (const auto need = reader.need()) {
            buffer.resize(static_cast<std::size_t>(need->length));
            const auto n = read_blocking(file, buffer, need->offset);
            if (!n) return fail(ErrorCode::io, "file: cannot be read", need->offset);
            if (*n != buffer.size())
                return fail(ErrorCode::io, "file: shorter than it was", need->offset + *n);
            if (const auto fed = reader.feed(buffer); !fed) return std::unexpected(fed.error());
        }
        return reader.take_index();
    }
};

// The block of a key, if it is there once whoever makes it is done.
Task<Result<Block>> find_made(RequestFlow& flow, std::string_view key) {
    const Zone zone(mezz_main_conf(flow.request()).zone);
    for (;;) {
        Block block = zone.find(key);
        Flight* under_way = block ? nullptr : Flight::find(key);
        if (under_way == nullptr) co_return block;
        const auto landed = co_await wait_for(flow, *under_way);
        if (!landed) co_return std::unexpected(landed.error());
    }
}

// Makes a block in a thread, for all that wait for it.
template <class Job>
Task<Result<Block>> make_block(RequestFlow& flow, const std::string& key, Job& job) {
    Flight flight(key);
    const auto done = co_await run_in_thread(flow, job, "reading a text track");
    if (!done) co_return std::unexpected(done.error());
    if (!job.result) {
        flight.fail(job.result.error());
        co_return std::unexpected(job.result.error());
    }
    co_return Zone(mezz_main_conf(flow.request()).zone).insert(key, std::move(*job.result));
}

}  // namespace

Task<Result<Block>> load_text_file(RequestFlow& flow, std::string_view path, std::uint64_t size,
                                   std::int64_t modified) {
    const auto opened = open_media_file(flow, path);
    if (!opened) co_return std::unexpected(opened.error());
    if (opened->size != size || opened->modified != modified)
        co_return fail(ErrorCode::not_found, "title: that revision is not the current one");
    if (size > media::kLargestTextFile) co_return fail(ErrorCode::too_large, "text track: over 16 MiB");
    flow.set_subject(opened->path());
    const std::string key = text_key(*opened, package::kOwnFile);
    auto found = co_await find_made(flow, key);
    if (!found || *found) co_return found;
    TextJob job;
    job.file = opened->file;
    auto made = co_await make_block(flow, key, job);
    co_return made;
}

Task<Result<Block>> load_text_track(RequestFlow& flow, const MediaFile& file, std::uint32_t number) {
    flow.set_subject(file.path());
    const std::string key = text_key(file, number);
    auto found = co_await find_made(flow, key);
    if (!found || *found) co_return found;
    const auto index = co_await load_index(flow, file);
    if (!index) co_return std::unexpected(index.error());
    if (number >= media::FileIndexView(index->bytes()).text_count())
        co_return fail(ErrorCode::bad_media, "text track: the file has none");
    TrackJob job{.file = file.file,
                 .index = index->bytes(),
                 .number = number,
                 .most_bytes = mezz_conf(flow.request()).max_moov};
    auto made = co_await make_block(flow, key, job);
    co_return made;
}

Task<Result<Block>> load_text(RequestFlow& flow, const LoadedTitle& title, const package::TextRecord& text) {
    const PoolPath path = join_path(flow.pool(), title.path, title.view().file_name(text.file));
    if (text.track == package::kOwnFile) {
        auto block = co_await load_text_file(flow, path, text.file.size, text.file.modified);
        co_return block;
    }
    const auto opened = open_media_file(flow, path);
    if (!opened) co_return std::unexpected(opened.error());
    if (opened->size != text.file.size || opened->modified != text.file.modified)
        co_return fail(ErrorCode::not_found, "title: that revision is not the current one");
    auto block = co_await load_text_track(flow, *opened, text.track);
    co_return block;
}

}  // namespace mezz::nginx
