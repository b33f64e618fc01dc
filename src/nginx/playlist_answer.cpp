#include "nginx/playlist_answer.hpp"

#include "nginx/answer_head.hpp"

namespace mezz::nginx {

Task<Result<ngx_int_t>> answer_playlist(RequestFlow& flow, const AnswerContext& context,
                                        const package::RenditionRecord& rendition, PlaylistWriter* write) {
    const auto file = co_await load_file(flow, context.title, rendition.file);
    if (!file) co_return std::unexpected(file.error());
    const package::TitleView title = context.title.view();
    const package::TrackTimeline line = package::timeline(title, file->view().track(rendition.track));
    if (!package::has_media(line, context.clip))
        co_return fail(ErrorCode::not_found, "query: the rendition has nothing of the clip");
    std::string prefix;
    if (!context.revisioned()) {
        prefix = title.revision();
        prefix += '/';
    }
    const package::MediaPlaylist playlist{
        .title = title,
        .rendition = rendition,
        .line = line,
        .format = context.path.format,
        .uri_prefix = prefix,
        .query = context.query,
        .clip = context.clip,
    };
    std::string text;
    write(playlist, text);
    co_return send_text(flow.request(), text_head(context, kPlaylistType), std::move(text));
}

}  // namespace mezz::nginx
