#include "nginx/playlist_answer.hpp"

#include "nginx/answer_head.hpp"

namespace mezz::nginx {

Task<Result<ngx_int_t>> answer_playlist(RequestFlow& flow, const AnswerContext& context,
                                        const package::RenditionRecord& rendition, PlaylistWriter* write) {
    const auto file = co_await load_file(flow, context.title, rendition.file);
    if (!file) co_return std::unexpected(file.error());
    const package::TitleView title = context.title.view();
    std::string prefix;
    if (!context.revisioned()) {
        prefix = title.revision();
        prefix += '/';
    }
    const package::MediaPlaylist playlist{
        .title = title,
        .rendition = rendition,
        .line = package::timeline(title, file->view().track(rendition.track)),
        .format = context.path.format,
        .uri_prefix = prefix,
        .query = context.query,
    };
    std::string text;
    write(playlist, text);
    co_return send_text(flow.request(), text_head(context, kPlaylistType), std::move(text));
}

}  // namespace mezz::nginx
