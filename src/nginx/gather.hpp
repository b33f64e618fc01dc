// Segments whose samples lie scattered in an interleaved file.
#pragma once

#include <span>
#include <vector>

#include "core/byte_range.hpp"
#include "nginx/respond.hpp"

namespace mezz::nginx {

/// True if so many small pieces are quicker copied together than sent one by one.
[[nodiscard]] bool is_scattered(std::span<const ByteRange> ranges) noexcept;

/// Fills the rooms, one after the other, with `head` and then the ranges of the file, which together have
/// their size.
[[nodiscard]] Task<Result<void>> gather(RequestFlow& flow, const MediaFile& file, Bytes head,
                                        std::span<const ByteRange> ranges,
                                        std::span<const std::span<std::byte>> rooms);

/// Sends the body of an answer whose head was sent: `head`, then the ranges of the file, copied through
/// buffers of a fixed size. The value is what a content handler returns.
[[nodiscard]] Task<Result<ngx_int_t>> send_gathered(RequestFlow& flow, const MediaFile& file, Bytes head,
                                                    std::span<const ByteRange> ranges);

}  // namespace mezz::nginx
