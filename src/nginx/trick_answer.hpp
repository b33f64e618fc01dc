// Answers to requests for I-frame playlists and what they list.
#pragma once

#include "nginx/answer.hpp"

namespace mezz::nginx {

[[nodiscard]] constexpr bool is_trick(package::Resource resource) noexcept {
    return resource == package::Resource::iframe_playlist || resource == package::Resource::iframe;
}

/// Sends the I-frame playlist of a rendition or one of its I-frames. Fails with not_found if the rendition
/// has none, or none of that number.
[[nodiscard]] Task<Result<ngx_int_t>> answer_trick(RequestFlow& flow, const AnswerContext& context,
                                                   const package::RenditionRecord& rendition);

}  // namespace mezz::nginx
