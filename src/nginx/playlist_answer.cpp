#include "nginx/playlist_answer.hpp"

#include "nginx/answer_head.hpp"
#include "nginx/kept_text.hpp"

namespace mezz::nginx {

Task<Result<ngx_int_t>> answer_playlist(RequestFlow& flow, const AnswerContext& context,
                                        const package::RenditionRecord& rendition, PlaylistWriter* write) {
    const std::string etag = text_etag(context);
    const ResponseHead head = text_head(context, kPlaylistType, etag);
    const auto opened = open_title_file(flow, context.title, rendition.file);
    if (!opened) co_return std::unexpected(opened.error());
    if (auto kept = find_kept_text(flow, context))
        co_return send_text(flow.request(), head, std::move(*kept));
    const auto file = co_await load_file(flow, *opened);
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
    package::MediaPlaylist playlist{
        .title = title,
        .rendition = rendition,
        .line = line,
        .format = context.path.format,
        .uri_prefix = prefix,
        .query = {},
        .clip = context.clip,
    };
    const auto write_with = [&playlist, write](std::string_view query, std::string& out) {
        playlist.query = query;
        write(playlist, out);
    };
    co_return send_text(flow.request(), head, make_text(flow, context, write_with));
}

}  // namespace mezz::nginx
