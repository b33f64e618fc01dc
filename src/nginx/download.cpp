#include "nginx/download.hpp"

#include "nginx/answer_head.hpp"
#include "nginx/download_plan.hpp"
#include "nginx/headers.hpp"
#include "nginx/span_stream.hpp"
#include "package/attachment.hpp"

namespace mezz::nginx {
namespace {

ngx_table_elt_t* add_disposition(ngx_http_request_t* r, const AnswerContext& context) {
    const ngx_str_t value = copy(r->pool, package::attachment(context.path.title, context.path.rendition));
    if (value.data == nullptr) return nullptr;
    return add_header(r, "Content-Disposition", view(value));
}

ngx_int_t send_whole_file(ngx_http_request_t* r, const ResponseHead& head, const MediaFile& file) {
    const ByteRange whole{0, file.size};
    FileBody body;
    body.file = &file;
    body.ranges = std::span(&whole, 1);
    return send_file(r, head, std::move(body));
}

}  // namespace

Task<Result<ngx_int_t>> answer_download(RequestFlow& flow, const AnswerContext& context,
                                        const package::RenditionRecord& rendition) {
    ngx_http_request_t* r = flow.request();
    auto plan = co_await load_download(flow, context.title, rendition, context.clip);
    if (!plan) co_return std::unexpected(plan.error());
    const bool video = rendition.kind == media::TrackKind::video;
    const EtagText etag = media_etag(context, with_clip("mp4", context.clip));
    ResponseHead head = media_head(context, video ? "video/mp4" : "audio/mp4", etag);
    ngx_table_elt_t* disposition = add_disposition(r, context);
    if (disposition == nullptr) co_return fail(ErrorCode::internal, "no memory");
    if (plan->whole_file) {
        const ngx_int_t rc = send_whole_file(r, head, plan->files[0]);
        if (rc > NGX_OK) disposition->hash = 0;
        co_return rc;
    }
    auto* bytes = pool_new<std::vector<std::byte>>(r->pool, std::move(plan->head));
    if (bytes == nullptr) co_return fail(ErrorCode::internal, "no memory");
    head.length = plan->size;
    head.several_buffers = true;
    const ngx_int_t rc = send_head(r, head);
    if (rc > NGX_OK) disposition->hash = 0;  // 416 and the like are nginx's own answers
    if (is_answered(r, rc)) co_return rc;
    const auto sent = co_await send_spans(flow, plan->files, *bytes, plan->spans);
    co_return sent;
}

}  // namespace mezz::nginx
