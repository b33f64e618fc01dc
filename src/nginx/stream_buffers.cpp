#include "nginx/stream_buffers.hpp"

#include <algorithm>

namespace mezz::nginx {

Bytes FileWindow::held(std::uint64_t offset) const noexcept {
    if (offset < offset_ || offset >= offset_ + size_) return {};
    return Bytes(memory_).first(size_).subspan(static_cast<std::size_t>(offset - offset_));
}

Task<Result<Bytes>> FileWindow::fetch(RequestFlow& flow, std::uint64_t offset, std::uint64_t wanted) {
    if (const Bytes here = held(offset); !here.empty()) co_return here;
    if (memory_.empty()) {
        memory_ = stream_memory(flow.pool());
        if (memory_.empty()) co_return fail(ErrorCode::internal, "no memory");
    }
    size_ = 0;
    const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(wanted, memory_.size()));
    const std::span<std::byte> room = memory_.first(size);
    const auto n = co_await read_file(flow, file_.file, room, offset);
    if (!n) co_return std::unexpected(n.error());
    if (*n == 0) co_return fail(ErrorCode::io, "file: shorter than it was", offset);
    offset_ = offset;
    size_ = *n;
    co_return held(offset);
}

namespace {

ngx_buf_t* create_buffer(ngx_pool_t* pool, std::uint64_t total) noexcept {
    if (total < kStreamBuffer / 2) return ngx_create_temp_buf(pool, static_cast<std::size_t>(total));
    auto* buffer = static_cast<ngx_buf_t*>(ngx_calloc_buf(pool));
    if (buffer == nullptr) return nullptr;
    const std::span<std::byte> memory = stream_memory(pool);
    if (memory.empty()) return nullptr;
    buffer->temporary = 1;
    buffer->start = buffer->pos = buffer->last = reinterpret_cast<u_char*>(memory.data());
    buffer->end = buffer->start + memory.size();
    return buffer;
}

}  // namespace

OutputBuffer* OutputBuffer::create(ngx_http_request_t* r, std::uint64_t total) noexcept {
    auto* output = pool_new<OutputBuffer>(r->pool);
    if (output == nullptr) return nullptr;
    output->buffer_ = create_buffer(r->pool, total);
    if (output->buffer_ == nullptr) return nullptr;
    output->link_.buf = output->buffer_;
    return output;
}

std::size_t OutputBuffer::append(Bytes bytes) noexcept {
    const std::size_t n = std::min(bytes.size(), room().size());
    std::copy_n(bytes.begin(), n, room().begin());
    advance(n);
    return n;
}

ngx_chain_t* OutputBuffer::chain(const ngx_http_request_t* r, bool last) noexcept {
    buffer_->last_buf = last && r == r->main ? 1 : 0;
    buffer_->last_in_chain = last ? 1 : 0;
    return &link_;
}

}  // namespace mezz::nginx
