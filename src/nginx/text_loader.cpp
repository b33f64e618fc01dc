#include "nginx/text_loader.hpp"

#include "core/text.hpp"
#include "media/text_parser.hpp"
#include "nginx/conf.hpp"
#include "nginx/flight.hpp"
#include "nginx/thread_op.hpp"

namespace mezz::nginx {
namespace {

std::string text_key(const MediaFile& file) {
    std::string key = "text ";
    append_number(key, media::kTextIndexVersion);
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

}  // namespace

Task<Result<Block>> load_text_file(RequestFlow& flow, std::string_view path, std::uint64_t size,
                                   std::int64_t modified) {
    const auto opened = open_media_file(flow, path);
    if (!opened) co_return std::unexpected(opened.error());
    if (opened->size != size || opened->modified != modified)
        co_return fail(ErrorCode::not_found, "title: that revision is not the current one");
    if (size > media::kLargestTextFile) co_return fail(ErrorCode::too_large, "text track: over 16 MiB");
    flow.set_subject(opened->path());
    const Zone zone(mezz_main_conf(flow.request()).zone);
    const std::string key = text_key(*opened);
    for (;;) {
        Block block = zone.find(key);
        if (block) co_return block;
        Flight* under_way = Flight::find(key);
        if (under_way == nullptr) break;
        const auto landed = co_await wait_for(flow, *under_way);
        if (!landed) co_return std::unexpected(landed.error());
    }
    Flight flight(key);
    TextJob job;
    job.file = opened->file;
    const auto done = co_await run_in_thread(flow, job, "reading a text track");
    if (!done) co_return std::unexpected(done.error());
    if (!job.result) {
        flight.fail(job.result.error());
        co_return std::unexpected(job.result.error());
    }
    co_return zone.insert(key, std::move(*job.result));
}

Task<Result<Block>> load_text(RequestFlow& flow, const LoadedTitle& title, const package::TextRecord& text) {
    std::string path = title.path;
    path += '/';
    path += title.view().file_name(text.file);
    auto block = co_await load_text_file(flow, path, text.file.size, text.file.modified);
    co_return block;
}

}  // namespace mezz::nginx
