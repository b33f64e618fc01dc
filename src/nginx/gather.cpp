#include "nginx/gather.hpp"

#include <algorithm>

#include "nginx/send.hpp"
#include "nginx/stream_buffers.hpp"

namespace mezz::nginx {
namespace {

constexpr std::size_t kFewRanges = 8;
constexpr std::uint64_t kLargeRange = 64 << 10;  // bytes, above which a system call of its own pays

std::uint64_t total_length(std::span<const ByteRange> ranges) noexcept {
    std::uint64_t total = 0;
    for (const ByteRange& range : ranges)
        total += range.length;
    return total;
}

// The next piece of the answer: from memory, or from the file.
struct Cursor {
    Bytes head;
    std::span<const ByteRange> ranges;
    std::uint64_t done = 0;  // bytes of the first range

    [[nodiscard]] bool at_end() const noexcept { return head.empty() && ranges.empty(); }

    void consume(std::size_t n) noexcept {
        if (!head.empty()) {
            head = head.subspan(n);
            return;
        }
        done += n;
        if (done < ranges.front().length) return;
        ranges = ranges.subspan(1);
        done = 0;
    }
};

// How far it is worth to read on from the first range: over gaps that are not larger than what lies between.
std::uint64_t read_ahead(std::span<const ByteRange> ranges, std::uint64_t done) noexcept {
    const std::uint64_t begin = ranges.front().offset + done;
    std::uint64_t end = ranges.front().end();
    std::uint64_t useful = end - begin;
    for (const ByteRange& range : ranges.subspan(1)) {
        if (range.offset < end || range.end() - begin > kStreamBuffer) break;
        if (range.end() - begin > 2 * (useful + range.length)) break;
        useful += range.length;
        end = range.end();
    }
    return end - begin;
}

// Nearly always all is in the page cache: then each range is copied once, to where it is sent from. Stops
// where the output is full or bytes are not at hand.
void copy_cached(const MediaFile& file, Cursor& cursor, OutputBuffer& output) noexcept {
    while (!cursor.at_end() && !output.room().empty()) {
        if (!cursor.head.empty()) {
            cursor.consume(output.append(cursor.head));
            continue;
        }
        const ByteRange& range = cursor.ranges.front();
        const std::span<std::byte> room = output.room();
        const std::span<std::byte> to = room.first(
            static_cast<std::size_t>(std::min<std::uint64_t>(room.size(), range.length - cursor.done)));
        const std::size_t n = read_if_cached(file.file, to, range.offset + cursor.done);
        output.advance(n);
        cursor.consume(n);
        if (n < to.size()) return;
    }
}

}  // namespace

bool is_scattered(std::span<const ByteRange> ranges) noexcept {
    return ranges.size() > kFewRanges && total_length(ranges) / ranges.size() < kLargeRange;
}

Task<Result<ngx_int_t>> send_gathered(RequestFlow& flow, const MediaFile& file, Bytes head,
                                      std::span<const ByteRange> ranges) {
    ngx_http_request_t* r = flow.request();
    OutputBuffer* output = OutputBuffer::create(r, head.size() + total_length(ranges));
    if (output == nullptr) co_return fail(ErrorCode::internal, "no memory");
    FileWindow window(file);
    Cursor cursor{.head = head, .ranges = ranges};
    while (!cursor.at_end()) {
        copy_cached(file, cursor, *output);
        if (!output->room().empty() && !cursor.at_end()) {
            const ByteRange& range = cursor.ranges.front();
            const std::uint64_t ahead = read_ahead(cursor.ranges, cursor.done);
            const auto fetched = co_await window.fetch(flow, range.offset + cursor.done, ahead);
            if (!fetched) co_return std::unexpected(fetched.error());
            const std::uint64_t left = range.length - cursor.done;
            cursor.consume(output->append(
                fetched->first(static_cast<std::size_t>(std::min<std::uint64_t>(fetched->size(), left)))));
        }
        if (!output->room().empty() && !cursor.at_end()) continue;
        const auto sent = co_await send(flow, output->chain(r, cursor.at_end()));
        if (!sent) co_return std::unexpected(sent.error());
        output->rewind();
    }
    co_return NGX_OK;
}

}  // namespace mezz::nginx
