// Headers and bodies of answers.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/byte_range.hpp"
#include "core/bytes.hpp"
#include "nginx/media_file.hpp"
#include "nginx/zone.hpp"

namespace mezz::nginx {

/// How long an answer may be kept.
enum class Caching : std::uint8_t {
    brief,              ///< the current revision's: a few seconds
    immutable,          ///< under a revision: forever
    brief_private,      ///< as brief, and only for this viewer
    immutable_private,  ///< as immutable, and only for this viewer
    picture,            ///< a few minutes
    picture_private     ///< as picture, and only for this viewer
};

/// A length that nobody knows: only for answers without a body.
inline constexpr std::uint64_t kUnknownLength = ~std::uint64_t{0};

/// ResponseHead::modified of what may change without a file that does: it has no Last-Modified.
inline constexpr std::int64_t kUnknownTime = -1;

/// The headers of a 200 answer; nginx's filters turn it into 206, 304, 412 or 416.
struct ResponseHead {
    std::string_view content_type;  ///< static
    std::string_view etag;          ///< without quotes
    std::int64_t modified = 0;      ///< seconds since 1970, or kUnknownTime
    std::uint64_t length = 0;       ///< bytes of the body
    Caching caching = Caching::brief;
    bool several_buffers = false;  ///< nginx can make multipart ranges from a single buffer only
};

/// Sends the header. Returns what ngx_http_send_header() gave: NGX_ERROR or a status over NGX_OK ends the
/// request; otherwise a body follows unless the request is header_only.
[[nodiscard]] ngx_int_t send_head(ngx_http_request_t* r, const ResponseHead& head) noexcept;

/// True if there is nothing to send after send_head() gave `rc`.
[[nodiscard]] inline bool is_answered(const ngx_http_request_t* r, ngx_int_t rc) noexcept {
    return rc == NGX_ERROR || rc > NGX_OK || r->header_only != 0;
}

/// Sends a text with its headers; `head.length` and, if empty, `head.etag` are taken from it.
[[nodiscard]] ngx_int_t send_text(ngx_http_request_t* r, ResponseHead head, std::string text);

/// Sends a block in pieces from where it lies, as the body of an answer whose head was sent with its length;
/// the block is held until the request ends.
[[nodiscard]] ngx_int_t send_block_body(ngx_http_request_t* r, Block block);

/// The same with its headers; `head.length` is taken from it.
[[nodiscard]] ngx_int_t send_block(ngx_http_request_t* r, ResponseHead head, Block block);

/// Answers with a temporary redirect (302, RFC 9110 §15.4.3) to `where`, relative to the request's URI, with
/// the request's own query. Gives the status that ends the request.
[[nodiscard]] ngx_int_t redirect(ngx_http_request_t* r, std::string_view where, Caching caching);

/// A file that answers refer to by ranges, and what goes before them.
struct FileBody {
    const MediaFile* file = nullptr;
    std::vector<std::byte> head;
    std::span<const ByteRange> ranges;
};

/// Sends bytes and then ranges of a file, without reading them: nginx does, by sendfile where it can.
[[nodiscard]] ngx_int_t send_file(ngx_http_request_t* r, ResponseHead head, FileBody body);

}  // namespace mezz::nginx
