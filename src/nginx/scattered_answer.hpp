// CMAF segments whose samples lie scattered in the file: put together, and kept if they are in demand.
#pragma once

#include "nginx/answer.hpp"
#include "nginx/respond.hpp"

namespace mezz::nginx {

/// What a segment is made of, and what it is part of.
struct ScatteredSegment {
    const package::RenditionRecord* rendition = nullptr;
    const MediaFile* file = nullptr;
    Bytes head;  ///< goes before the ranges; stays in the request's pool or the coroutine's frame
    std::span<const ByteRange> ranges;
};

/// The whole segment that the context asks for, if it is kept. `file` is the rendition's, just opened.
[[nodiscard]] Block find_kept_segment(const RequestFlow& flow, const AnswerContext& context,
                                      const package::RenditionRecord& rendition, const MediaFile& file);

/// Answers with a segment that is put together now.
[[nodiscard]] Task<Result<ngx_int_t>> answer_scattered(RequestFlow& flow, const AnswerContext& context,
                                                       ResponseHead head, ScatteredSegment segment);

}  // namespace mezz::nginx
