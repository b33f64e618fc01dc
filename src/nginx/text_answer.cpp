#include "nginx/text_answer.hpp"

#include "nginx/answer_head.hpp"
#include "nginx/text_loader.hpp"
#include "package/playlist.hpp"
#include "package/text_segments.hpp"

namespace mezz::nginx {
namespace {

using package::Resource;

constexpr std::string_view kTextType = "text/vtt; charset=utf-8";

ngx_int_t send_playlist(RequestFlow& flow, const AnswerContext& context, const package::TextRecord& text) {
    const package::TitleView title = context.title.view();
    std::string prefix;
    if (!context.revisioned()) {
        prefix = title.revision();
        prefix += '/';
    }
    std::string playlist;
    package::write_text_playlist(title, text, prefix, context.query, playlist, context.clip);
    const std::string etag = text_etag(context);
    return send_text(flow.request(), text_head(context, kPlaylistType, etag), std::move(playlist));
}

}  // namespace

Task<Result<ngx_int_t>> answer_text(RequestFlow& flow, const AnswerContext& context) {
    const package::TitleView title = context.title.view();
    const package::TextRecord* text = title.find_text(context.path.rendition);
    if (text == nullptr) co_return fail(ErrorCode::not_found, "text track: the title has none of that name");
    if (context.path.resource == Resource::media_playlist) co_return send_playlist(flow, context, *text);
    const bool whole = context.path.resource == Resource::text_file;
    if (!whole && context.path.number >= title.segment_count())
        co_return fail(ErrorCode::not_found, "segment: past the end");
    const auto block = co_await load_text(flow, context.title, *text);
    if (!block) co_return std::unexpected(block.error());
    const media::TextIndexView index(block->bytes());
    std::string body;
    if (whole)
        package::write_text_file(index, body, context.clip);
    else
        package::write_text_segment(index, title, context.path.number,
                                    context.path.format == package::Format::hls
                                        ? package::TextClock::ts
                                        : package::TextClock::presentation,
                                    body);
    const EtagText etag =
        media_etag(context, whole ? with_clip("whole", context.clip) : std::to_string(context.path.number));
    co_return send_text(flow.request(), media_head(context, kTextType, etag), std::move(body));
}

}  // namespace mezz::nginx
