#include "nginx/respond.hpp"

#include <algorithm>

#include "core/hash.hpp"
#include "nginx/headers.hpp"

namespace mezz::nginx {
namespace {

std::string_view cache_control(Caching caching) noexcept {
    switch (caching) {
        case Caching::brief:
            return "public, max-age=5";
        case Caching::immutable:
            return "public, max-age=31536000, immutable";
        case Caching::brief_private:
            return "private, max-age=5";
        case Caching::immutable_private:
            return "private, max-age=31536000, immutable";
        case Caching::picture:
            return "public, max-age=300";
        case Caching::picture_private:
            return "private, max-age=300";
    }
    return "no-store";
}

bool add_etag(ngx_http_request_t* r, std::string_view etag) noexcept {
    auto* quoted = static_cast<char*>(ngx_pnalloc(r->pool, etag.size() + 2));
    if (quoted == nullptr) return false;
    quoted[0] = '"';
    std::ranges::copy(etag, quoted + 1);
    quoted[etag.size() + 1] = '"';
    r->headers_out.etag = add_header(r, "ETag", {quoted, etag.size() + 2});
    return r->headers_out.etag != nullptr;
}

// Appends buffers to a chain in the request's pool.
class ChainBuilder {
public:
    explicit ChainBuilder(ngx_http_request_t* r) noexcept : r_(r) {}

    // Null if there is no memory.
    ngx_buf_t* add() noexcept {
        auto* buffer = static_cast<ngx_buf_t*>(ngx_calloc_buf(r_->pool));
        ngx_chain_t* link = ngx_alloc_chain_link(r_->pool);
        if (buffer == nullptr || link == nullptr) return nullptr;
        link->buf = buffer;
        link->next = nullptr;
        *next_ = link;
        next_ = &link->next;
        last_ = buffer;
        return buffer;
    }

    bool add_memory(Bytes bytes) noexcept {
        if (bytes.empty()) return true;
        ngx_buf_t* buffer = add();
        if (buffer == nullptr) return false;
        buffer->memory = 1;
        buffer->start = buffer->pos = reinterpret_cast<u_char*>(const_cast<std::byte*>(bytes.data()));
        buffer->end = buffer->last = buffer->pos + bytes.size();
        return true;
    }

    bool add_range(ngx_file_t* file, ByteRange range) noexcept {
        ngx_buf_t* buffer = add();
        if (buffer == nullptr) return false;
        buffer->in_file = 1;
        buffer->file = file;
        buffer->file_pos = static_cast<off_t>(range.offset);
        buffer->file_last = static_cast<off_t>(range.end());
        return true;
    }

    ngx_int_t send() noexcept {
        if (last_ == nullptr) return NGX_ERROR;
        last_->last_buf = r_ == r_->main ? 1 : 0;
        last_->last_in_chain = 1;
        return ngx_http_output_filter(r_, first_);
    }

private:
    ngx_http_request_t* r_;
    ngx_chain_t* first_ = nullptr;
    ngx_chain_t** next_ = &first_;
    ngx_buf_t* last_ = nullptr;
};

ngx_file_t* make_file(ngx_http_request_t* r, const MediaFile& media) noexcept {
    auto* file = pool_new<ngx_file_t>(r->pool);
    if (file == nullptr) return nullptr;
    file->fd = media.file.fd;
    file->name = media.file.name;
    file->log = r->connection->log;
    file->directio = media.file.direct ? 1 : 0;
    return file;
}

}  // namespace

ngx_int_t redirect(ngx_http_request_t* r, std::string_view where, Caching caching) {
    std::string target(where);
    if (r->args.len > 0) {
        target += '?';
        target += view(r->args);
    }
    const ngx_str_t value = copy(r->pool, target);
    if (value.data == nullptr) return NGX_HTTP_INTERNAL_SERVER_ERROR;
    r->headers_out.location = add_header(r, "Location", view(value));
    if (r->headers_out.location == nullptr || add_cache_control(r, cache_control(caching)) == nullptr)
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    return NGX_HTTP_MOVED_TEMPORARILY;
}

ngx_int_t send_head(ngx_http_request_t* r, const ResponseHead& head) noexcept {
    r->headers_out.status = NGX_HTTP_OK;
    r->headers_out.content_type = borrow(head.content_type);
    r->headers_out.content_type_len = std::min(head.content_type.find(';'), head.content_type.size());
    r->headers_out.content_length_n = static_cast<off_t>(head.length);
    r->headers_out.last_modified_time = head.modified;
    r->allow_ranges = 1;
    r->single_range = head.several_buffers ? 1 : 0;
    if (core_conf(r).etag != 0 && !add_etag(r, head.etag)) return NGX_ERROR;
    ngx_table_elt_t* caching = add_cache_control(r, cache_control(head.caching));
    if (caching == nullptr) return NGX_ERROR;
    const ngx_int_t rc = ngx_http_send_header(r);
    if (rc > NGX_OK) caching->hash = 0;  // 416 and the like are nginx's own answers
    return rc;
}

ngx_int_t send_text(ngx_http_request_t* r, ResponseHead head, std::string text) {
    auto* body = pool_new<std::string>(r->pool, std::move(text));
    if (body == nullptr) return NGX_ERROR;
    const std::string etag = head.etag.empty() ? to_hex(hash_of(*body)) : std::string(head.etag);
    head.etag = etag;
    head.length = body->size();
    const ngx_int_t rc = send_head(r, head);
    if (is_answered(r, rc)) return rc;
    ChainBuilder chain(r);
    if (!chain.add_memory(as_bytes(*body))) return NGX_ERROR;
    return chain.send();
}

ngx_int_t send_block_body(ngx_http_request_t* r, Block block) {
    const auto* kept = pool_new<Block>(r->pool, std::move(block));
    if (kept == nullptr) return NGX_ERROR;
    ChainBuilder chain(r);
    for (const std::span<std::byte> piece : kept->pieces())
        if (!chain.add_memory(piece)) return NGX_ERROR;
    return chain.send();
}

ngx_int_t send_block(ngx_http_request_t* r, ResponseHead head, Block block) {
    head.length = block.size();
    head.several_buffers = true;
    const ngx_int_t rc = send_head(r, head);
    return is_answered(r, rc) ? rc : send_block_body(r, std::move(block));
}

ngx_int_t send_file(ngx_http_request_t* r, ResponseHead head, FileBody body) {
    Bytes bytes;
    if (!body.head.empty()) {
        const auto* kept = pool_new<std::vector<std::byte>>(r->pool, std::move(body.head));
        if (kept == nullptr) return NGX_ERROR;
        bytes = *kept;
    }
    ngx_file_t* file = make_file(r, *body.file);
    if (file == nullptr) return NGX_ERROR;
    head.length = bytes.size();
    for (const ByteRange& range : body.ranges)
        head.length += range.length;
    head.several_buffers = body.ranges.size() + (bytes.empty() ? 0U : 1U) > 1;
    const ngx_int_t rc = send_head(r, head);
    if (is_answered(r, rc)) return rc;
    ChainBuilder chain(r);
    if (!chain.add_memory(bytes)) return NGX_ERROR;
    for (const ByteRange& range : body.ranges)
        if (!chain.add_range(file, range)) return NGX_ERROR;
    return chain.send();
}

}  // namespace mezz::nginx
