// Answers with a playlist of one rendition.
#pragma once

#include "nginx/answer.hpp"
#include "package/playlist.hpp"

namespace mezz::nginx {

using PlaylistWriter = void(const package::MediaPlaylist& playlist, std::string& out);

/// Answers with what `write` makes of a rendition: its media playlist or its I-frame playlist.
[[nodiscard]] Task<Result<ngx_int_t>> answer_playlist(RequestFlow& flow, const AnswerContext& context,
                                                      const package::RenditionRecord& rendition,
                                                      PlaylistWriter* write);

}  // namespace mezz::nginx
