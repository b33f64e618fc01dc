#include "nginx/handler.hpp"

#include <algorithm>

#include "nginx/answer.hpp"
#include "nginx/pictures.hpp"
#include "nginx/request_info.hpp"
#include "nginx/title_loader.hpp"
#include "nginx/token_gate.hpp"
#include "package/rendition_choice.hpp"

namespace mezz::nginx {
namespace {

RequestKind kind_of(package::Resource resource) noexcept {
    switch (resource) {
        case package::Resource::multivariant_playlist:
        case package::Resource::media_playlist:
        case package::Resource::iframe_playlist:
            return RequestKind::playlist;
        case package::Resource::manifest:
            return RequestKind::manifest;
        case package::Resource::init_segment:
            return RequestKind::init;
        case package::Resource::segment:
        case package::Resource::text_segment:
        case package::Resource::text_file:
        case package::Resource::iframe:
            return RequestKind::segment;
        case package::Resource::download:
            return RequestKind::download;
        case package::Resource::poster:
        case package::Resource::storyboard:
        case package::Resource::storyboard_sheet:
        case package::Resource::frame:
        case package::Resource::key_frame:
            return RequestKind::picture;
    }
    return RequestKind::none;
}

void note_path(ngx_http_request_t* r, const package::RequestPath& path) noexcept {
    RequestInfo* info = request_info(r);
    if (info == nullptr) return;
    info->title = path.title;
    info->format = to_text(path.format);
    info->rendition = path.rendition;
    info->kind = kind_of(path.resource);
}

Result<package::PlaybackQuery> wanted_part(const ngx_http_request_t* r, package::Resource resource) {
    if (!takes_clip(resource)) return package::PlaybackQuery{};
    return package::parse_playback_query(view(r->args));
}

bool is_decoded(package::Resource resource) noexcept {
    return resource == package::Resource::frame || resource == package::Resource::key_frame;
}

Task<Result<ngx_int_t>> serve(RequestFlow& flow) {
    ngx_http_request_t* r = flow.request();
    const auto path = package::parse_request_path(path_in_location(r));
    if (path) note_path(r, *path);
    const auto admission = admit(r);
    if (!admission) co_return std::unexpected(admission.error());
    if (!admission->granted) co_return NGX_HTTP_FORBIDDEN;
    if (!path) co_return NGX_HTTP_NOT_FOUND;
    if (path->format == package::Format::thumbs && !is_decoded(path->resource)) {
        const auto shown = co_await answer_picture(flow, *path, *admission);
        co_return shown;
    }
    const auto wanted = wanted_part(r, path->resource);
    if (!wanted) co_return std::unexpected(wanted.error());
    const auto title = co_await load_title(flow, *path);
    if (!title) co_return std::unexpected(title.error());
    if (!package::is_within(title->view(), *path, admission->max_height))
        co_return refuse(r, token::Verdict::max_height);
    const auto clip = package::place_clip(title->view(), wanted->clip);
    if (!clip) co_return std::unexpected(clip.error());
    package::RenditionFilter filter = wanted->filter;
    filter.max_height = std::min(filter.max_height, admission->max_height);
    const AnswerContext context{.path = *path,
                                .title = *title,
                                .query = admission->query,
                                .personal = admission->personal,
                                .filter = filter,
                                .clip = *clip};
    const auto sent = co_await answer(flow, context);
    co_return sent;
}

}  // namespace

ngx_int_t handle_request(ngx_http_request_t* r) noexcept {
    if ((r->method & (NGX_HTTP_GET | NGX_HTTP_HEAD)) == 0) return NGX_HTTP_NOT_ALLOWED;
    const ngx_int_t rc = ngx_http_discard_request_body(r);
    if (rc != NGX_OK) return rc;
    return RequestFlow::launch(r, serve);
}

}  // namespace mezz::nginx
