#include "nginx/trick_answer.hpp"

#include "nginx/answer_head.hpp"
#include "nginx/playlist_answer.hpp"
#include "nginx/sample_load.hpp"
#include "nginx/ts_stream.hpp"
#include "package/iframes.hpp"

namespace mezz::nginx {
namespace {

using package::Format;
using package::RenditionRecord;

bool has_iframes(const RenditionRecord& rendition, Format format) noexcept {
    return (format == Format::cmaf ? rendition.iframes_cmaf : rendition.iframes_ts).peak != 0;
}

Task<Result<ngx_int_t>> answer_cmaf_iframe(RequestFlow& flow, const AnswerContext& context,
                                           const RenditionRecord& rendition, ResponseHead head) {
    const auto file = co_await load_file(flow, context.title, rendition.file);
    if (!file) co_return std::unexpected(file.error());
    const package::IFrameLine line(
        package::timeline(context.title.view(), file->view().track(rendition.track)));
    const package::PieceRange piece = line.piece(context.path.number);
    if (piece.empty()) co_return fail(ErrorCode::not_found, "picture: past the end");
    const auto samples = co_await load_samples(flow, file->media, line.track(), piece);
    if (!samples) co_return std::unexpected(samples.error());
    if (samples->empty()) co_return fail(ErrorCode::bad_media, "moof: no sample in a fragment");
    auto plan = package::plan_iframe(line, samples->front(), context.path.number);
    if (!plan) co_return std::unexpected(plan.error());
    FileBody body;
    body.file = &file->media;
    body.head = std::move(plan->head);
    body.ranges = plan->ranges;
    co_return send_file(flow.request(), head, std::move(body));
}

}  // namespace

Task<Result<ngx_int_t>> answer_trick(RequestFlow& flow, const AnswerContext& context,
                                     const RenditionRecord& rendition) {
    if (!has_iframes(rendition, context.path.format))
        co_return fail(ErrorCode::not_found, "rendition: it has no I-frames");
    if (context.path.resource == package::Resource::iframe_playlist) {
        const auto sent = co_await answer_playlist(flow, context, rendition, package::write_iframe_playlist);
        co_return sent;
    }
    const EtagText etag = media_etag(context, "iframe-" + std::to_string(context.path.number));
    if (context.path.format == Format::cmaf) {
        const ResponseHead head = media_head(context, "video/mp4", etag);
        const auto sent = co_await answer_cmaf_iframe(flow, context, rendition, head);
        co_return sent;
    }
    const ResponseHead head = media_head(context, "video/mp2t", etag);
    const auto sent = co_await stream_ts_iframe(flow, context.title, rendition, context.path.number, head);
    co_return sent;
}

}  // namespace mezz::nginx
