#include "nginx/span_stream.hpp"

#include <algorithm>
#include <array>

#include "nginx/send.hpp"
#include "nginx/stream_buffers.hpp"

namespace mezz::nginx {
namespace {

using package::FileSpan;

constexpr std::size_t kBuffers = 64;           // of one chain
constexpr std::uint64_t kShortSpan = 8 << 10;  // bytes on average, below which spans are copied together

std::uint64_t total_length(std::span<const FileSpan> spans) noexcept {
    std::uint64_t total = 0;
    for (const FileSpan& span : spans)
        total += span.length;
    return total;
}

// Bytes of the whole answer that the client gets; nginx's range filter cuts them out of what it is given.
struct Wanted {
    std::uint64_t begin = 0;
    std::uint64_t end = 0;
};

Wanted wanted_of(const ngx_http_request_t* r, std::uint64_t size) noexcept {
    if (r->headers_out.status != NGX_HTTP_PARTIAL_CONTENT) return {0, size};
    const auto begin = static_cast<std::uint64_t>(r->headers_out.content_offset);
    return {begin, begin + static_cast<std::uint64_t>(r->headers_out.content_length_n)};
}

// A chain of buffers that is filled and sent again and again. Lives in the request's pool.
class BufferChain {
public:
    // Null if there is no memory.
    static BufferChain* create(ngx_http_request_t* r, std::span<const MediaFile> files) {
        auto* chain = pool_new<BufferChain>(r->pool);
        if (chain == nullptr) return nullptr;
        for (const MediaFile& media : files) {
            ngx_file_t file{};
            file.fd = media.file.fd;
            file.name = media.file.name;
            file.log = r->connection->log;
            file.directio = media.file.direct ? 1 : 0;
            chain->files_.push_back(file);
        }
        return chain;
    }

    [[nodiscard]] bool full() const noexcept { return count_ == kBuffers; }
    [[nodiscard]] bool empty() const noexcept { return count_ == 0; }

    void add_memory(Bytes bytes) noexcept {
        ngx_buf_t& buffer = add();
        buffer.memory = 1;
        buffer.start = buffer.pos = reinterpret_cast<u_char*>(const_cast<std::byte*>(bytes.data()));
        buffer.end = buffer.last = buffer.pos + bytes.size();
    }
    void add_span(const FileSpan& span) noexcept {
        ngx_buf_t& buffer = add();
        buffer.in_file = 1;
        buffer.file = &files_[span.source];
        buffer.file_pos = static_cast<off_t>(span.offset);
        buffer.file_last = static_cast<off_t>(span.end());
    }

    ngx_chain_t* chain(const ngx_http_request_t* r, bool last) noexcept {
        ngx_buf_t& buffer = buffers_[count_ - 1];
        links_[count_ - 1].next = nullptr;
        buffer.last_buf = last && r == r->main ? 1 : 0;
        buffer.last_in_chain = last ? 1 : 0;
        return links_.data();
    }
    void rewind() noexcept { count_ = 0; }

private:
    ngx_buf_t& add() noexcept {
        if (count_ > 0) links_[count_ - 1].next = &links_[count_];
        ngx_buf_t& buffer = buffers_[count_];
        buffer = {};
        links_[count_].buf = &buffer;
        ++count_;
        return buffer;
    }

    std::vector<ngx_file_t> files_;
    std::array<ngx_buf_t, kBuffers> buffers_{};
    std::array<ngx_chain_t, kBuffers> links_{};
    std::size_t count_ = 0;
};

// Walks through the spans of an answer, which begin at a position in it.
class SpanCursor {
public:
    SpanCursor(std::span<const FileSpan> spans, std::uint64_t position) noexcept
        : spans_(spans), position_(position) {}

    [[nodiscard]] bool at_end() const noexcept { return spans_.empty(); }
    [[nodiscard]] const FileSpan& front() const noexcept { return spans_.front(); }
    [[nodiscard]] std::span<const FileSpan> rest() const noexcept { return spans_; }
    [[nodiscard]] std::uint64_t position() const noexcept { return position_; }
    [[nodiscard]] std::uint64_t done() const noexcept { return done_; }

    void pop() noexcept { consume(spans_.front().length - done_); }
    void consume(std::uint64_t n) noexcept {
        position_ += n;
        done_ += n;
        if (done_ < spans_.front().length) return;
        spans_ = spans_.subspan(1);
        done_ = 0;
    }

private:
    std::span<const FileSpan> spans_;
    std::uint64_t position_;  // in the answer
    std::uint64_t done_ = 0;  // of the first span
};

// Sends spans as they are, until the client has what it wants or the answer's byte `stop` is in the next one.
Task<Result<void>> pass_spans(RequestFlow& flow, BufferChain& chain, SpanCursor& cursor, Wanted wanted,
                              std::uint64_t stop) {
    while (!cursor.at_end() && cursor.position() < wanted.end &&
           cursor.position() + cursor.front().length <= stop) {
        chain.add_span(cursor.front());
        cursor.pop();
        if (!chain.full()) continue;
        const auto sent = co_await send(flow, chain.chain(flow.request(), cursor.at_end()));
        if (!sent) co_return std::unexpected(sent.error());
        chain.rewind();
    }
    if (chain.empty()) co_return Result<void>();
    const auto sent = co_await send(flow, chain.chain(flow.request(), cursor.at_end()));
    co_return sent;
}

// How far it is worth to read on from the first span: over gaps that are not larger than what lies between.
std::uint64_t read_ahead(const SpanCursor& cursor) noexcept {
    const FileSpan& first = cursor.front();
    const std::uint64_t begin = first.offset + cursor.done();
    std::uint64_t end = first.end();
    std::uint64_t useful = end - begin;
    for (const FileSpan& span : cursor.rest().subspan(1)) {
        if (span.source != first.source || span.offset < end || span.end() - begin > kStreamBuffer) break;
        if (span.end() - begin > 2 * (useful + span.length)) break;
        useful += span.length;
        end = span.end();
    }
    return end - begin;
}

// Copies spans together until the client has what it wants.
Task<Result<void>> copy_spans(RequestFlow& flow, std::span<const MediaFile> files, SpanCursor& cursor,
                              std::uint64_t end) {
    ngx_http_request_t* r = flow.request();
    OutputBuffer* output = OutputBuffer::create(r, kStreamBuffer);
    if (output == nullptr) co_return fail(ErrorCode::internal, "no memory");
    std::vector<FileWindow> windows;
    for (const MediaFile& file : files)
        windows.emplace_back(file);
    while (!cursor.at_end() && cursor.position() < end) {
        const FileSpan span = cursor.front();
        FileWindow& window = windows[span.source];
        const auto fetched = co_await window.fetch(flow, span.offset + cursor.done(), read_ahead(cursor));
        if (!fetched) co_return std::unexpected(fetched.error());
        const std::uint64_t left = span.length - cursor.done();
        const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(fetched->size(), left));
        cursor.consume(output->append(fetched->first(size)));
        const bool last = cursor.at_end() || cursor.position() >= end;
        if (!output->room().empty() && !last) continue;
        const auto sent = co_await send(flow, output->chain(r, cursor.at_end()));
        if (!sent) co_return std::unexpected(sent.error());
        output->rewind();
    }
    co_return Result<void>();
}

}  // namespace

Task<Result<ngx_int_t>> send_spans(RequestFlow& flow, std::span<const MediaFile> files, Bytes head,
                                   std::span<const FileSpan> spans) {
    ngx_http_request_t* r = flow.request();
    BufferChain* chain = BufferChain::create(r, files);
    if (chain == nullptr) co_return fail(ErrorCode::internal, "no memory");
    const std::uint64_t length = total_length(spans);
    const Wanted wanted = wanted_of(r, head.size() + length);
    SpanCursor cursor(spans, head.size());
    chain->add_memory(head);
    const bool copied = !spans.empty() && length / spans.size() < kShortSpan;
    const std::uint64_t stop = copied ? wanted.begin : kNoOffset;
    const auto passed = co_await pass_spans(flow, *chain, cursor, wanted, stop);
    if (!passed) co_return std::unexpected(passed.error());
    if (!copied) co_return NGX_OK;
    const auto rest = co_await copy_spans(flow, files, cursor, wanted.end);
    if (!rest) co_return std::unexpected(rest.error());
    co_return NGX_OK;
}

}  // namespace mezz::nginx
