#include "flow_bodies.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <stdexcept>
#include <string>
#include <thread>

#include "nginx/file_read.hpp"
#include "nginx/send.hpp"

namespace mezz::nginx::flow_test {

namespace {

constinit std::uint64_t filled = 0;  // bytes that stream() has put into its buffer, in this worker

std::uint64_t argument(const RequestFlow& flow, std::string_view name) noexcept {
    ngx_str_t value{};
    const ngx_str_t key = borrow(name);
    if (ngx_http_arg(flow.request(), key.data, key.len, &value) != NGX_OK) return 0;
    const ngx_int_t n = ngx_atoi(value.data, value.len);
    return n < 0 ? 0 : static_cast<std::uint64_t>(n);
}

/// Waits for nothing but its time limit.
class Pause final : public Op<Pause> {
public:
    explicit Pause(std::uint64_t ms, std::source_location where = std::source_location::current()) noexcept
        : Op("pausing", static_cast<ngx_msec_t>(ms), where) {}
    bool start() noexcept { return time_limit() != 0; }
    void await_resume() const noexcept {}
};

struct Nap {
    std::chrono::milliseconds length{0};
    std::array<std::byte, 16> written{};

    void run() noexcept {
        std::this_thread::sleep_for(length);
        written.fill(std::byte{1});  // shows AddressSanitizer a frame that died too early
    }
};

Result<FileRef> open_file(RequestFlow& flow) {
    const ngx_str_t& name = conf_of(flow.request()).file;
    flow.set_subject(view(name));
    ngx_pool_cleanup_t* cleanup = ngx_pool_cleanup_add(flow.pool(), sizeof(ngx_pool_cleanup_file_t));
    if (cleanup == nullptr) return fail(ErrorCode::internal, "no memory");
    FileRef file;
    file.fd = ngx_open_file(name.data, NGX_FILE_RDONLY, NGX_FILE_OPEN, 0);
    ngx_file_info_t info;
    if (file.fd == NGX_INVALID_FILE || ngx_fd_info(file.fd, &info) == NGX_FILE_ERROR) {
        return fail(ErrorCode::not_found, "no such file");
    }
    auto* owner = static_cast<ngx_pool_cleanup_file_t*>(cleanup->data);
    cleanup->handler = ngx_pool_cleanup_file;
    owner->fd = file.fd;
    owner->name = name.data;
    owner->log = flow.pool()->log;
    file.device = info.st_dev;
    file.size = ngx_file_size(&info);
    file.name = name;
    return file;
}

ngx_int_t send_header(const RequestFlow& flow, off_t length) noexcept {
    ngx_http_request_t* r = flow.request();
    r->headers_out.status = NGX_HTTP_OK;
    r->headers_out.content_length_n = length;
    return ngx_http_send_header(r);
}

/// A chain of one buffer, in the pool.
ngx_chain_t* one_buffer(RequestFlow& flow, std::size_t size) noexcept {
    ngx_buf_t* buffer = size == 0 ? static_cast<ngx_buf_t*>(ngx_calloc_buf(flow.pool()))
                                  : ngx_create_temp_buf(flow.pool(), size);
    ngx_chain_t* chain = ngx_alloc_chain_link(flow.pool());
    if (buffer == nullptr || chain == nullptr) return nullptr;
    chain->buf = buffer;
    chain->next = nullptr;
    return chain;
}

void mark_last(const RequestFlow& flow, ngx_buf_t& buffer, bool last) noexcept {
    buffer.last_buf = last && flow.request() == flow.request()->main;
    buffer.last_in_chain = last;
}

/// A chain of one range of a file.
ngx_chain_t* file_buffer(RequestFlow& flow, const FileRef& file, off_t from, off_t to) noexcept {
    ngx_chain_t* chain = one_buffer(flow, 0);
    auto* source = static_cast<ngx_file_t*>(ngx_pcalloc(flow.pool(), sizeof(ngx_file_t)));
    if (chain == nullptr || source == nullptr) return nullptr;
    source->fd = file.fd;
    source->name = file.name;
    source->log = flow.log();
    chain->buf->in_file = 1;
    chain->buf->file = source;
    chain->buf->file_pos = from;
    chain->buf->file_last = to;
    mark_last(flow, *chain->buf, to == file.size);
    return chain;
}

Answer answer(RequestFlow& flow, std::string text) {
    const ngx_int_t rc = send_header(flow, static_cast<off_t>(text.size()));
    if (rc == NGX_ERROR || rc > NGX_OK || flow.request()->header_only) co_return rc;
    ngx_chain_t* chain = one_buffer(flow, text.size());
    if (chain == nullptr) co_return fail(ErrorCode::internal, "no memory");
    chain->buf->last = ngx_cpymem(chain->buf->pos, text.data(), text.size());
    mark_last(flow, *chain->buf, true);
    co_return ngx_http_output_filter(flow.request(), chain);
}

Task<Result<std::size_t>> read_head(RequestFlow& flow) {
    const Result<FileRef> file = open_file(flow);
    if (!file) co_return fail(file.error().code, file.error().text);
    std::array<std::byte, 16> head{};
    co_return co_await read_file(flow, *file, head, 0);
}

Task<Result<int>> throw_after(RequestFlow& flow, std::string keep) {
    co_await Pause(argument(flow, "pause"));
    if (argument(flow, "memory") != 0) throw std::bad_alloc();
    throw std::runtime_error(keep);
}

Task<Result<std::uint64_t>> nested(RequestFlow& flow, std::uint64_t n, std::string carry) {
    if (n == 0) {
        co_await Pause(20);
        co_return 0;
    }
    const Result<std::uint64_t> below = co_await nested(flow, n - 1, carry);
    if (!below) co_return below;
    co_return *below + 1;
}

Task<Result<std::uint64_t>> leaf_that_may_wait(RequestFlow& /*flow*/, std::uint64_t i) {
    if (i % 5000 == 4999) co_await Pause(1);
    co_return 1;
}

// Now and then the result is at hand.
Task<Result<std::uint64_t>> leaf(RequestFlow& flow, std::uint64_t i) {
    if (i % 3 == 0) return Task<Result<std::uint64_t>>::ready(1);
    return leaf_that_may_wait(flow, i);
}

}  // namespace

Answer chain(RequestFlow& flow) {
    co_await Pause(argument(flow, "pause"));
    const Result<std::size_t> head = co_await read_head(flow);
    if (!head) co_return std::unexpected(head.error());
    if (const std::uint64_t ms = argument(flow, "thread"); ms != 0) {
        Nap nap{std::chrono::milliseconds(ms)};
        const Result<void> done = co_await run_in_thread(flow, nap, "napping in a thread");
        if (!done) co_return std::unexpected(done.error());
    }
    co_return co_await answer(flow, "head " + std::to_string(*head) + "\n");
}

Answer reads(RequestFlow& flow) {
    const Result<FileRef> file = open_file(flow);
    if (!file) co_return std::unexpected(file.error());
    std::array<std::byte, 4096> piece;
    std::uint32_t crc = 0;
    ngx_crc32_init(crc);
    int hits = 0;
    std::uint64_t at = 0;
    for (std::size_t n = piece.size(); n == piece.size(); at += n) {
        ReadOp read = read_file(flow, *file, piece, at);
        hits += read.await_ready() ? 1 : 0;
        const Result<std::size_t> got = co_await read;
        if (!got) co_return std::unexpected(got.error());
        n = *got;
        ngx_crc32_update(&crc, reinterpret_cast<u_char*>(piece.data()), n);
    }
    ngx_crc32_final(crc);
    co_return co_await answer(flow, "crc " + std::to_string(crc) + " size " + std::to_string(at) + " hits " +
                                        std::to_string(hits) + "\n");
}

Answer stream(RequestFlow& flow) {
    const std::uint64_t piece = argument(flow, "piece");
    const std::size_t capacity = piece != 0 ? static_cast<std::size_t>(piece) : 65536;
    const Result<FileRef> file = open_file(flow);
    if (!file) co_return std::unexpected(file.error());
    const ngx_int_t rc = send_header(flow, argument(flow, "chunked") != 0 ? -1 : file->size);
    if (rc == NGX_ERROR || rc > NGX_OK || flow.request()->header_only) co_return rc;
    ngx_chain_t* chain = one_buffer(flow, capacity);
    if (chain == nullptr) co_return fail(ErrorCode::internal, "no memory");
    ngx_buf_t& buffer = *chain->buf;
    const std::uint64_t fail_at = argument(flow, "fail_at");
    const auto size = static_cast<std::uint64_t>(file->size);
    for (std::uint64_t at = 0; at < size;) {
        if (fail_at != 0 && at >= fail_at) co_return fail(ErrorCode::bad_media, "a test failure", at);
        const std::span<std::byte> room(reinterpret_cast<std::byte*>(buffer.start), capacity);
        const Result<std::size_t> got = co_await read_file(flow, *file, room, at);
        if (!got) co_return std::unexpected(got.error());
        if (*got == 0) co_return fail(ErrorCode::io, "the file has shrunk", at);
        at += *got;
        filled += *got;
        buffer.pos = buffer.start;
        buffer.last = buffer.start + *got;
        mark_last(flow, buffer, at == size);
        const Result<void> sent = co_await send(flow, chain);
        if (!sent) co_return std::unexpected(sent.error());
    }
    co_return NGX_OK;
}

Answer sendfile(RequestFlow& flow) {
    const Result<FileRef> file = open_file(flow);
    if (!file) co_return std::unexpected(file.error());
    const ngx_int_t rc = send_header(flow, file->size);
    if (rc == NGX_ERROR || rc > NGX_OK || flow.request()->header_only) co_return rc;
    const off_t half = file->size / 2;
    ngx_chain_t* first = file_buffer(flow, *file, 0, half);
    ngx_chain_t* second = file_buffer(flow, *file, half, file->size);
    if (first == nullptr || second == nullptr) co_return fail(ErrorCode::internal, "no memory");
    const Result<void> begun = co_await send(flow, first);
    if (!begun) co_return std::unexpected(begun.error());
    const Result<void> ended = co_await send(flow, second);
    if (!ended) co_return std::unexpected(ended.error());
    co_return NGX_OK;
}

Answer push(RequestFlow& flow) {
    const Result<FileRef> file = open_file(flow);
    if (!file) co_return std::unexpected(file.error());
    const ngx_int_t rc = send_header(flow, file->size);
    if (rc == NGX_ERROR || rc > NGX_OK) co_return rc;
    ngx_chain_t* chain = file_buffer(flow, *file, 0, file->size);
    if (chain == nullptr) co_return fail(ErrorCode::internal, "no memory");
    const ngx_int_t sent = ngx_http_output_filter(flow.request(), chain);
    co_await Pause(argument(flow, "pause"));
    co_return sent == NGX_AGAIN ? NGX_OK : sent;
}

Task<Result<std::size_t>> too_large(RequestFlow& flow) {
    std::array<std::byte, std::size_t{1} << 45> all;
    co_return co_await read_file(flow, FileRef(), all, 0);
}

Answer no_memory(RequestFlow& flow) {
    const Result<std::size_t> never = co_await too_large(flow);
    if (!never) co_return std::unexpected(never.error());
    co_return NGX_HTTP_NO_CONTENT;
}

Answer error(RequestFlow& flow) {
    co_await Pause(argument(flow, "pause"));
    co_return fail(static_cast<ErrorCode>(argument(flow, "code")), "a test failure", 7);
}

Answer throws(RequestFlow& flow) {
    const std::string keep = "a string that is longer than the small buffer";
    const Result<int> never = co_await throw_after(flow, keep);
    if (!never) co_return std::unexpected(never.error());
    co_return NGX_HTTP_NO_CONTENT;
}

Answer calls(RequestFlow& flow) {
    const std::uint64_t n = argument(flow, "n");
    std::uint64_t sum = 0;
    for (std::uint64_t i = 0; i < n; ++i) {
        const Result<std::uint64_t> one = co_await leaf(flow, i);
        if (!one) co_return std::unexpected(one.error());
        sum += *one;
    }
    const std::string carry = "a string that is longer than the small buffer";
    const Result<std::uint64_t> depth = co_await nested(flow, std::min<std::uint64_t>(n, 1000), carry);
    if (!depth) co_return std::unexpected(depth.error());
    co_return co_await answer(flow,
                              "calls " + std::to_string(sum) + " depth " + std::to_string(*depth) + "\n");
}

Answer status(RequestFlow& flow) {
    const std::size_t frames = FramePool::live() - 1;  // not its own
    co_return co_await answer(
        flow, "frames " + std::to_string(frames) + " filled " + std::to_string(filled) + "\n");
}

}  // namespace mezz::nginx::flow_test
