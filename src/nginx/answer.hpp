// Answers to requests for a title that has been found.
#pragma once

#include <string_view>

#include "nginx/title_loader.hpp"
#include "package/clip.hpp"

namespace mezz::nginx {

/// What is asked for; lives as long as the answer is being made.
struct AnswerContext {
    package::RequestPath path;
    const LoadedTitle& title;
    std::string_view query;               ///< to be put behind each URI in playlists
    bool personal = false;                ///< no shared cache may keep any of it
    package::RenditionFilter filter{};    ///< of top manifests
    std::optional<package::Clip> clip{};  ///< of what package::takes_clip()

    [[nodiscard]] bool revisioned() const noexcept { return !path.revision.empty(); }
};

/// Sends a playlist, a manifest, an init segment or a segment. The value is what a content handler returns.
/// Fails with not_found if the title has no such rendition or segment.
[[nodiscard]] Task<Result<ngx_int_t>> answer(RequestFlow& flow, const AnswerContext& context);

}  // namespace mezz::nginx
