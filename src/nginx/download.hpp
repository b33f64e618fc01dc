// Renditions as progressive MP4 files.
#pragma once

#include "nginx/answer.hpp"

namespace mezz::nginx {

/// Sends a rendition, video together with the title's default audio, as one MP4 file with moov first.
[[nodiscard]] Task<Result<ngx_int_t>> answer_download(RequestFlow& flow, const AnswerContext& context,
                                                      const package::RenditionRecord& rendition);

}  // namespace mezz::nginx
