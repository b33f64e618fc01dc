#include "nginx/pictures.hpp"

#include "core/text.hpp"
#include "nginx/conf.hpp"
#include "nginx/file_read.hpp"
#include "nginx/frame_answer.hpp"
#include "nginx/respond.hpp"
#include "nginx/title_files.hpp"
#include "nginx/title_loader.hpp"
#include "nginx/title_videos.hpp"
#include "package/storyboard.hpp"

namespace mezz::nginx {
namespace {

using package::Resource;

constexpr std::size_t kLargestStoryboard = 4 << 20;

std::string picture_name(const package::RequestPath& path) {
    if (path.resource == Resource::poster) return "poster.jpg";
    if (path.resource == Resource::storyboard) return "storyboard.vtt";
    std::string name = "storyboard_";
    append_number(name, path.number);
    return name + ".jpg";
}

std::string picture_etag(const MediaFile& file) {
    std::string etag;
    append_number(etag, file.size);
    etag += '-';
    append_number(etag, static_cast<std::uint64_t>(file.modified));
    return etag;
}

ResponseHead picture_head(const MediaFile& file, const Admission& admission, std::string_view type) noexcept {
    constexpr std::int64_t kNanoseconds = 1'000'000'000;
    ResponseHead head;
    head.content_type = type;
    head.modified = file.modified / kNanoseconds;
    head.caching = admission.personal ? Caching::picture_private : Caching::picture;
    return head;
}

Task<Result<ngx_int_t>> answer_storyboard(RequestFlow& flow, const MediaFile& file,
                                          const Admission& admission) {
    if (file.size > kLargestStoryboard) co_return fail(ErrorCode::too_large, "storyboard.vtt: over 4 MiB");
    std::vector<std::byte> bytes(static_cast<std::size_t>(file.size));
    const auto read = co_await read_file(flow, file.file, bytes, 0);
    if (!read) co_return std::unexpected(read.error());
    bytes.resize(*read);
    ResponseHead head = picture_head(file, admission, "text/vtt");
    if (!admission.query.empty()) head.caching = Caching::picture_private;
    co_return send_text(flow.request(), head, package::carry_query(as_text(bytes), admission.query));
}

// Of a title for which nobody has made one.
Task<Result<ngx_int_t>> answer_decoded_poster(RequestFlow& flow, package::RequestPath path,
                                              const Admission& admission) {
    const auto title = co_await load_title(flow, path);
    if (!title) co_return std::unexpected(title.error());
    const AnswerContext context{
        .path = path, .title = *title, .query = admission.query, .personal = admission.personal};
    const auto sent = co_await answer_frame(flow, context);
    co_return sent;
}

}  // namespace

Task<Result<ngx_int_t>> answer_picture(RequestFlow& flow, package::RequestPath path,
                                       const Admission& admission) {
    if (!is_servable_path(path.title))
        co_return fail(ErrorCode::not_found, "title: not a path that is served");
    if (static_cast<Catalog>(mezz_conf(flow.request()).catalog) == Catalog::postgres) {
        const auto video = co_await find_ready_video(flow, path.title);
        if (!video) co_return std::unexpected(video.error());
    }
    const std::string name = title_path(flow, path) + "/thumbs/" + picture_name(path);
    const auto file = open_media_file(flow, name);
    if (!file && file.error().code == ErrorCode::not_found && path.resource == Resource::poster &&
        makes_pictures(flow)) {
        const auto sent = co_await answer_decoded_poster(flow, path, admission);
        co_return sent;
    }
    if (!file) co_return std::unexpected(file.error());
    if (path.resource == Resource::storyboard) {
        const auto sent = co_await answer_storyboard(flow, *file, admission);
        co_return sent;
    }
    const std::string etag = picture_etag(*file);
    ResponseHead head = picture_head(*file, admission, "image/jpeg");
    head.etag = etag;
    const ByteRange whole{0, file->size};
    FileBody body;
    body.file = &*file;
    body.ranges = std::span(&whole, 1);
    co_return send_file(flow.request(), head, std::move(body));
}

}  // namespace mezz::nginx
