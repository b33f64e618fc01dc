#include "nginx/answer.hpp"

#include "nginx/answer_head.hpp"
#include "nginx/download.hpp"
#include "nginx/frame_answer.hpp"
#include "nginx/gather.hpp"
#include "nginx/playlist_answer.hpp"
#include "nginx/respond.hpp"
#include "nginx/sample_load.hpp"
#include "nginx/scattered_answer.hpp"
#include "nginx/text_answer.hpp"
#include "nginx/top_answer.hpp"
#include "nginx/trick_answer.hpp"
#include "nginx/ts_stream.hpp"
#include "package/fmp4.hpp"
#include "package/playlist.hpp"

namespace mezz::nginx {
namespace {

using package::Format;
using package::RenditionRecord;
using package::Resource;
using Answering = Task<Result<ngx_int_t>>;

std::string_view cmaf_type(const RenditionRecord& rendition) noexcept {
    return rendition.kind == media::TrackKind::video ? "video/mp4" : "audio/mp4";
}

Task<Result<ngx_int_t>> answer_init_segment(RequestFlow& flow, const AnswerContext& context,
                                            const RenditionRecord& rendition) {
    const auto file = co_await load_file(flow, context.title, rendition.file);
    if (!file) co_return std::unexpected(file.error());
    const media::TrackView track = file->view().track(rendition.track);
    const EtagText etag = media_etag(context, "init");
    FileBody body;
    body.file = &file->media;
    const ByteRange header{0, track->init_bytes};
    if (track->init_bytes != 0)
        body.ranges = std::span(&header, 1);
    else
        body.head = package::write_init_segment(track);
    co_return send_file(flow.request(), media_head(context, cmaf_type(rendition), etag), std::move(body));
}

Task<Result<ngx_int_t>> answer_cmaf_segment(RequestFlow& flow, const AnswerContext& context,
                                            const RenditionRecord& rendition) {
    const std::uint32_t number = context.path.number;
    const EtagText etag = media_etag(context, std::to_string(number));
    const ResponseHead head = media_head(context, cmaf_type(rendition), etag);
    const auto opened = open_title_file(flow, context.title, rendition.file);
    if (!opened) co_return std::unexpected(opened.error());
    if (Block kept = find_kept_segment(flow, context, rendition, *opened))
        co_return send_block(flow.request(), head, std::move(kept));
    const auto file = co_await load_file(flow, *opened);
    if (!file) co_return std::unexpected(file.error());
    const media::TrackView track = file->view().track(rendition.track);
    const package::TrackTimeline line = package::timeline(context.title.view(), track);
    const package::PieceRange pieces = line.pieces(number);
    const package::PieceRange silent = line.silent_frames(number);
    if (pieces.empty() && silent.empty())
        co_return fail(ErrorCode::not_found, "segment: the rendition has none here");
    FileBody body;
    body.file = &file->media;
    if (!silent.empty()) body.head = package::silent_fragment(track, line.silence(), silent, number);
    if (pieces.empty()) co_return send_file(flow.request(), head, std::move(body));
    if (track->layout == media::Layout::fragments) {
        const std::uint64_t begin = track.bytes_before(pieces.first);
        const ByteRange range{track->first_byte + begin, track.bytes_before(pieces.last) - begin};
        body.ranges = std::span(&range, 1);
        co_return send_file(flow.request(), head, std::move(body));
    }
    const auto samples = co_await load_samples(flow, file->media, track, pieces);
    if (!samples) co_return std::unexpected(samples.error());
    auto plan = package::plan_fragment(track, *samples, number);
    if (!plan) co_return std::unexpected(plan.error());
    if (body.head.empty())
        body.head = std::move(plan->head);
    else
        body.head.insert(body.head.end(), plan->head.begin(), plan->head.end());
    if (is_scattered(plan->ranges)) {
        const ScatteredSegment segment{
            .rendition = &rendition, .file = &file->media, .head = body.head, .ranges = plan->ranges};
        const auto sent = co_await answer_scattered(flow, context, head, segment);
        co_return sent;
    }
    body.ranges = plan->ranges;
    co_return send_file(flow.request(), head, std::move(body));
}

Task<Result<ngx_int_t>> answer_ts_segment(RequestFlow& flow, const AnswerContext& context,
                                          const RenditionRecord& rendition) {
    const EtagText etag = media_etag(context, std::to_string(context.path.number));
    const ResponseHead head = media_head(context, "video/mp2t", etag);
    const auto sent = co_await stream_ts_segment(flow, context.title, rendition, context.path.number, head);
    co_return sent;
}

// Of what a rendition of pictures or sound has.
Task<Result<ngx_int_t>> answer_rendition(RequestFlow& flow, const AnswerContext& context,
                                         const RenditionRecord& rendition) {
    const Resource wanted = context.path.resource;
    if (wanted == Resource::download) return answer_download(flow, context, rendition);
    if (is_trick(wanted)) return answer_trick(flow, context, rendition);
    if (wanted == Resource::media_playlist)
        return answer_playlist(flow, context, rendition, package::write_media_playlist);
    if (wanted == Resource::init_segment) return answer_init_segment(flow, context, rendition);
    if (context.path.number >= context.title.view().segment_count())
        return Answering::ready(fail(ErrorCode::not_found, "segment: past the end"));
    if (context.path.format == Format::cmaf) return answer_cmaf_segment(flow, context, rendition);
    return answer_ts_segment(flow, context, rendition);
}

}  // namespace

Task<Result<ngx_int_t>> answer(RequestFlow& flow, const AnswerContext& context) {
    const package::TitleView title = context.title.view();
    const Resource wanted = context.path.resource;
    if (context.path.format == Format::thumbs) return answer_frame(flow, context);
    if (wanted == Resource::multivariant_playlist || wanted == Resource::manifest)
        return answer_top(flow, context);
    const RenditionRecord* rendition = title.find(context.path.rendition);
    const bool text =
        context.path.format == Format::subs || wanted == Resource::text_segment ||
        (rendition == nullptr && context.path.format == Format::hls && wanted == Resource::media_playlist);
    if (text) return answer_text(flow, context);
    if (rendition == nullptr)
        return Answering::ready(fail(ErrorCode::not_found, "rendition: the title has none of that name"));
    if (context.path.format == Format::hls && !rendition->in_ts)
        return Answering::ready(
            fail(ErrorCode::not_found, "rendition: a transport stream cannot carry its codec"));
    return answer_rendition(flow, context, *rendition);
}

}  // namespace mezz::nginx
