#include "nginx/pictures.hpp"

#include <array>
#include <span>

#include "core/text.hpp"
#include "nginx/conf.hpp"
#include "nginx/file_read.hpp"
#include "nginx/frame_answer.hpp"
#include "nginx/headers.hpp"
#include "nginx/respond.hpp"
#include "nginx/title_files.hpp"
#include "nginx/title_loader.hpp"
#include "nginx/title_videos.hpp"
#include "package/accept.hpp"
#include "package/storyboard.hpp"

namespace mezz::nginx {
namespace {

using package::Resource;

constexpr std::size_t kLargestStoryboard = 4 << 20;

// A form in which the worker may have made a picture.
struct PictureForm {
    std::string_view ending;
    std::string_view type;
};

// The smallest first. The last one is what everybody can show, and always there.
constexpr std::array kForms{PictureForm{".avif", "image/avif"}, PictureForm{".webp", "image/webp"},
                            PictureForm{".jpg", "image/jpeg"}};

// Without its ending.
std::string picture_name(const package::RequestPath& path) {
    if (path.resource == Resource::poster) return "poster";
    std::string name = "storyboard_";
    append_number(name, path.number);
    return name;
}

std::string_view accept_field(const ngx_http_request_t* r) noexcept {
    for (const ngx_list_part_t* part = &r->headers_in.headers.part; part != nullptr; part = part->next) {
        const std::span fields(static_cast<const ngx_table_elt_t*>(part->elts), part->nelts);
        for (const ngx_table_elt_t& field : fields)
            if (ngx_strcasecmp(field.key.data, borrow("accept").data) == 0) return view(field.value);
    }
    return {};
}

struct OpenPicture {
    MediaFile file;
    PictureForm form;
};

// The picture in the best of the forms that the client names and the worker has made. Fails with not_found.
Result<OpenPicture> open_picture(RequestFlow& flow, const std::string& name) {
    const std::string_view accept = accept_field(flow.request());
    for (const PictureForm& form : kForms) {
        const bool last = &form == &kForms.back();
        if (!last && !package::names_media_type(accept, form.type)) continue;
        const auto file = open_media_file(flow, name + std::string(form.ending));
        if (file) return OpenPicture{*file, form};
        if (last || file.error().code != ErrorCode::not_found) return std::unexpected(file.error());
    }
    return fail(ErrorCode::not_found, "picture: there is none");
}

std::string picture_etag(const OpenPicture& picture) {
    std::string etag(picture.form.ending.substr(1));
    etag += '-';
    append_number(etag, picture.file.size);
    etag += '-';
    append_number(etag, static_cast<std::uint64_t>(picture.file.modified));
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
    const AnswerContext context{.path = path,
                                .title = *title,
                                .query = admission.query,
                                .personal = admission.personal,
                                .filter = {.max_height = admission.max_height}};
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
    std::string folder(title_path(flow, path).view());
    folder += "/thumbs/";
    if (path.resource == Resource::storyboard) {
        const auto file = open_media_file(flow, folder + "storyboard.vtt");
        if (!file) co_return std::unexpected(file.error());
        const auto sent = co_await answer_storyboard(flow, *file, admission);
        co_return sent;
    }
    const auto picture = open_picture(flow, folder + picture_name(path));
    const bool missing = !picture && picture.error().code == ErrorCode::not_found;
    if (missing && path.resource == Resource::poster && makes_pictures(flow)) {
        const auto sent = co_await answer_decoded_poster(flow, path, admission);
        co_return sent;
    }
    if (!picture) co_return std::unexpected(picture.error());
    if (add_header(flow.request(), "Vary", "Accept") == nullptr)
        co_return fail(ErrorCode::internal, "no memory");
    const std::string etag = picture_etag(*picture);
    ResponseHead head = picture_head(picture->file, admission, picture->form.type);
    head.etag = etag;
    const ByteRange whole{0, picture->file.size};
    FileBody body;
    body.file = &picture->file;
    body.ranges = std::span(&whole, 1);
    co_return send_file(flow.request(), head, std::move(body));
}

}  // namespace mezz::nginx
