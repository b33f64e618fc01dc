#include "nginx/gather.hpp"

#include <algorithm>
#include <array>

#include "nginx/send.hpp"
#include "nginx/stream_buffers.hpp"

namespace mezz::nginx {
namespace {

constexpr std::size_t kFewRanges = 8;
constexpr std::uint64_t kLargeRange = 64 << 10;  // bytes, above which a system call of its own pays
constexpr std::size_t kSmallGap = 8 << 10;       // bytes, which are copied sooner than a system call is made

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

// Where the answer is put together.
class Room {
public:
    explicit Room(std::span<std::byte> bytes) noexcept : left_(bytes) {}

    [[nodiscard]] std::span<std::byte> left() const noexcept { return left_; }
    void advance(std::size_t n) noexcept { left_ = left_.subspan(n); }
    [[nodiscard]] std::size_t append(Bytes bytes) noexcept {
        const std::size_t n = std::min(bytes.size(), left_.size());
        std::copy_n(bytes.begin(), n, left_.begin());
        advance(n);
        return n;
    }

private:
    std::span<std::byte> left_;
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

// What is read by one system call: pieces of the answer, and what lies between them.
class Batch {
public:
    /// Ranges on from where the cursor is, as far as they lie close together and there is room for them.
    Batch(const Cursor& cursor, std::span<std::byte> room) noexcept
        : offset_(cursor.ranges.front().offset + cursor.done), end_(offset_) {
        std::uint64_t begin = offset_;
        for (const ByteRange& range : cursor.ranges) {
            if (count_ > 0) begin = range.offset;
            if (room.empty() || begin < end_ || begin - end_ > kSmallGap || count_ + 2 > parts_.size())
                return;
            if (begin > end_) add({between_.data(), begin});
            const auto n =
                static_cast<std::size_t>(std::min<std::uint64_t>(room.size(), range.end() - begin));
            add({room.data(), begin + n});
            room = room.subspan(n);
        }
    }

    /// Reads what is in the page cache. True if that was all.
    bool read(const MediaFile& file, Cursor& cursor, Room& room) noexcept {
        const std::uint64_t size = end_ - offset_;
        std::uint64_t got = read_if_cached(file.file, std::span(parts_).first(count_), offset_, size);
        const bool whole = got == size;
        for (const iovec& part : std::span(parts_).first(count_)) {
            const std::size_t n = std::min<std::size_t>(got, part.iov_len);
            got -= n;
            if (n == 0 || part.iov_base == between_.data()) continue;
            room.advance(n);
            cursor.consume(n);
        }
        return whole;
    }

private:
    // Up to there in the file.
    struct Part {
        std::byte* to;
        std::uint64_t end;
    };
    void add(Part part) noexcept {
        parts_[count_++] = {part.to, static_cast<std::size_t>(part.end - end_)};
        end_ = part.end;
    }

    static inline constinit std::array<std::byte, kSmallGap> between_{};  // never looked at

    std::array<iovec, 64> parts_;
    std::size_t count_ = 0;
    std::uint64_t offset_;
    std::uint64_t end_;
};

// Nearly always all is in the page cache: then each range is copied once, to where it is sent from. Stops
// where the room is full or bytes are not at hand.
void copy_cached(const MediaFile& file, Cursor& cursor, Room& room) noexcept {
    while (!cursor.at_end() && !room.left().empty()) {
        if (!cursor.head.empty())
            cursor.consume(room.append(cursor.head));
        else if (!Batch(cursor, room.left()).read(file, cursor, room))
            return;
    }
}

// An answer that is put together, piece by piece.
struct Gathering {
    const MediaFile& file;
    Cursor cursor;
    FileWindow window{file};
};

// Fills as much of the room as there is answer left. Says how many bytes.
Task<Result<std::size_t>> fill(RequestFlow& flow, Gathering& from, std::span<std::byte> to) {
    Room room(to);
    Cursor& cursor = from.cursor;
    for (;;) {
        copy_cached(from.file, cursor, room);
        if (room.left().empty() || cursor.at_end()) break;
        const ByteRange& range = cursor.ranges.front();
        const std::uint64_t ahead = read_ahead(cursor.ranges, cursor.done);
        const auto fetched = co_await from.window.fetch(flow, range.offset + cursor.done, ahead);
        if (!fetched) co_return std::unexpected(fetched.error());
        const std::uint64_t left = range.length - cursor.done;
        cursor.consume(room.append(
            fetched->first(static_cast<std::size_t>(std::min<std::uint64_t>(fetched->size(), left)))));
    }
    co_return to.size() - room.left().size();
}

}  // namespace

bool is_scattered(std::span<const ByteRange> ranges) noexcept {
    return ranges.size() > kFewRanges && total_length(ranges) / ranges.size() < kLargeRange;
}

Task<Result<void>> gather(RequestFlow& flow, const MediaFile& file, Bytes head,
                          std::span<const ByteRange> ranges, std::span<const std::span<std::byte>> rooms) {
    Gathering gathering{.file = file, .cursor = {.head = head, .ranges = ranges}};
    for (const std::span<std::byte> room : rooms) {
        const auto filled = co_await fill(flow, gathering, room);
        if (!filled) co_return std::unexpected(filled.error());
    }
    co_return Result<void>();
}

Task<Result<ngx_int_t>> send_gathered(RequestFlow& flow, const MediaFile& file, Bytes head,
                                      std::span<const ByteRange> ranges) {
    ngx_http_request_t* r = flow.request();
    OutputBuffer* output = OutputBuffer::create(r, head.size() + total_length(ranges));
    if (output == nullptr) co_return fail(ErrorCode::internal, "no memory");
    Gathering gathering{.file = file, .cursor = {.head = head, .ranges = ranges}};
    while (!gathering.cursor.at_end()) {
        const auto filled = co_await fill(flow, gathering, output->room());
        if (!filled) co_return std::unexpected(filled.error());
        output->advance(*filled);
        const auto sent = co_await send(flow, output->chain(r, gathering.cursor.at_end()));
        if (!sent) co_return std::unexpected(sent.error());
        output->rewind();
    }
    co_return NGX_OK;
}

}  // namespace mezz::nginx
