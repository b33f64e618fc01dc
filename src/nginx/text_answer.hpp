// Answers to requests for text tracks.
#pragma once

#include "nginx/answer.hpp"

namespace mezz::nginx {

/// Sends a text track's playlist, a segment of it, or all of it. Fails with not_found if the title has no
/// such track or segment.
[[nodiscard]] Task<Result<ngx_int_t>> answer_text(RequestFlow& flow, const AnswerContext& context);

}  // namespace mezz::nginx
