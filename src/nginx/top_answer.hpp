// Answers with the playlist or manifest that all else of a title is found from.
#pragma once

#include "nginx/answer.hpp"

namespace mezz::nginx {

/// Sends a title's multivariant playlist or its MPD, of the renditions that the context's filter passes.
/// Fails with not_found if the format can carry none of the title, if the filter leaves no video or no audio
/// of a title that has it, or if nothing is left of the clip.
[[nodiscard]] Task<Result<ngx_int_t>> answer_top(RequestFlow& flow, const AnswerContext& context);

}  // namespace mezz::nginx
