// Headers that answers of all kinds have.
#pragma once

#include "core/short_text.hpp"
#include "nginx/answer.hpp"
#include "nginx/respond.hpp"

namespace mezz::nginx {

inline constexpr std::string_view kPlaylistType = "application/vnd.apple.mpegurl";  ///< of HLS

/// How long an answer may be kept, by whether the URL names a revision.
[[nodiscard]] Caching caching_of(const AnswerContext& context, bool personal) noexcept;

/// Of playlists and manifests, which hold the query. Their ETag is text_etag().
[[nodiscard]] ResponseHead text_head(const AnswerContext& context, std::string_view type,
                                     std::string_view etag) noexcept;

/// Of init segments and segments: their bytes follow from the revision and their own name.
[[nodiscard]] ResponseHead media_head(const AnswerContext& context, std::string_view type,
                                      std::string_view etag) noexcept;

/// Appends what, besides the title's files, its revision and the query, decides the answer: texts that may
/// stand in an ETag.
void append_selection(std::string& out, const AnswerContext& context);

/// The ETag of a playlist or manifest: its bytes follow from the revision, what of it is asked for, and the
/// query.
[[nodiscard]] std::string text_etag(const AnswerContext& context);

using EtagText = ShortText<112>;

/// The ETag of a rendition's part.
[[nodiscard]] EtagText media_etag(const AnswerContext& context, std::string_view what);

}  // namespace mezz::nginx
