// A JPEG of a title's picture, made on request.
#pragma once

#include "nginx/answer.hpp"

namespace mezz::nginx {

/// Answers thumbs/at_{ms}.jpg and key_{ms}.jpg, and thumbs/poster.jpg with the most interesting of a few key
/// frames. What the client has already, and HEAD, is answered without decoding. The value is what a content
/// handler returns. Fails with not_found where `mezz_pictures` is off, past the end and without video; with
/// bad_request if the query's size is none; with busy, or bad_media, as PictureLink does.
[[nodiscard]] Task<Result<ngx_int_t>> answer_frame(RequestFlow& flow, const AnswerContext& context);

/// Whether pictures are made on request in the request's location.
[[nodiscard]] bool makes_pictures(const RequestFlow& flow) noexcept;

}  // namespace mezz::nginx
