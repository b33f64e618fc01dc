// Answers made of many ranges of a few files, sent with bounded memory.
#pragma once

#include <span>
#include <vector>

#include "nginx/respond.hpp"
#include "package/progressive.hpp"

namespace mezz::nginx {

/// Sends the body of an answer whose head was sent: `head`, which must stay in the request's pool, then the
/// spans. They go out as ranges of the files, some at a time; where they are so short on average that a
/// system call each would not pay, they are copied together. What the client's range leaves out is not
/// read. The value is what a content handler returns.
[[nodiscard]] Task<Result<ngx_int_t>> send_spans(RequestFlow& flow, std::span<const MediaFile> files,
                                                 Bytes head, std::span<const package::FileSpan> spans);

}  // namespace mezz::nginx
