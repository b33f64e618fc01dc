#include "nginx/frame_answer.hpp"

#include <algorithm>
#include <array>

#include "core/text.hpp"
#include "nginx/answer_head.hpp"
#include "nginx/conf.hpp"
#include "nginx/picture_link.hpp"
#include "nginx/sample_load.hpp"
#include "package/entity_tag.hpp"
#include "package/picture_pick.hpp"

namespace mezz::nginx {
namespace {

using package::PictureSize;
using package::Resource;

// What the service is to decode: samples of the file, in this order.
struct FrameJob {
    media::PictureOrder order;
    std::vector<media::Sample> samples;
};

const PictureConf& picture_conf(const RequestFlow& flow) noexcept {
    return *mezz_conf(flow.request()).pictures;
}

// What the operator and the viewer's token allow at most.
PictureSize limited(PictureSize size, std::uint16_t max_width, std::uint32_t max_height) noexcept {
    if (size.width == 0 || size.width > max_width) size.width = max_width;
    if (max_height <= UINT16_MAX && (size.height == 0 || size.height > max_height))
        size.height = static_cast<std::uint16_t>(max_height);
    return size;
}

EtagText frame_etag(const AnswerContext& context, std::string_view rendition, PictureSize size) {
    std::string what = "1-";  // raised when the same request gives another picture
    what += context.path.resource == Resource::frame       ? "at-"
            : context.path.resource == Resource::key_frame ? "key-"
                                                           : "poster-";
    append_number(what, context.path.number);
    what += '-';
    what += rendition;
    what += '-';
    append_number(what, size.width);
    what += 'x';
    append_number(what, size.height);
    return media_etag(context, what);
}

ResponseHead frame_head(const AnswerContext& context, std::string_view etag) noexcept {
    ResponseHead head = media_head(context, "image/jpeg", etag);
    if (context.path.resource == Resource::poster)
        head.caching = context.personal ? Caching::picture_private : Caching::picture;
    return head;
}

// True if the answer needs no body: the filters make 304 of it, or HEAD asks for none.
bool is_bodiless(const ngx_http_request_t* r, std::string_view etag) noexcept {
    if (r->method == NGX_HTTP_HEAD) return true;
    const ngx_table_elt_t* known = r->headers_in.if_none_match;
    return known != nullptr && core_conf(r).etag != 0 && package::lists_entity_tag(view(known->value), etag);
}

Result<void> check_size(std::span<const media::Sample> samples) noexcept {
    std::uint64_t total = 0;
    for (const media::Sample& sample : samples)
        total += sample.size;
    if (samples.size() > media::kMostOrderedPictures || total > media::kMostOrderedBytes)
        return fail(ErrorCode::too_large, "picture: too far behind its key frame");
    return {};
}

void put_samples(FrameJob& job, std::span<const media::Sample> samples) {
    for (const media::Sample& sample : samples) {
        job.samples.push_back(sample);
        job.order.pictures.push_back({sample.dts + sample.composition_offset, sample.size});
    }
}

Task<Result<FrameJob>> plan_shown(RequestFlow& flow, const MediaFile& file, package::TrackTimeline line,
                                  std::int64_t time) {
    const auto samples = co_await load_samples(flow, file, line.track(), package::pieces_at(line, time));
    if (!samples) co_return std::unexpected(samples.error());
    if (samples->empty()) co_return fail(ErrorCode::bad_media, "moof: no sample in a fragment");
    const std::size_t wanted = package::sample_shown_at(*samples, time);
    const std::size_t key = package::key_for(*samples, wanted);
    const auto needed = std::span(*samples).subspan(key, wanted - key + 1);
    if (const auto fits = check_size(needed); !fits) co_return std::unexpected(fits.error());
    FrameJob job{media::order_of(line.track()), {}};
    put_samples(job, needed);
    job.order.time = job.order.pictures.back().time;
    co_return job;
}

Task<Result<FrameJob>> plan_keys(RequestFlow& flow, const MediaFile& file, package::TrackTimeline line,
                                 std::span<const std::int64_t> times) {
    FrameJob job{media::order_of(line.track()), {}};
    std::uint32_t last = UINT32_MAX;
    for (const std::int64_t time : times) {
        const package::PieceRange piece = package::key_piece_near(line, time);
        if (piece.first == last) continue;
        last = piece.first;
        const auto samples = co_await load_samples(flow, file, line.track(), piece);
        if (!samples) co_return std::unexpected(samples.error());
        if (samples->empty()) co_return fail(ErrorCode::bad_media, "moof: no sample in a fragment");
        put_samples(job, std::span(*samples).first(1));
    }
    if (const auto fits = check_size(job.samples); !fits) co_return std::unexpected(fits.error());
    job.order.time = job.order.pictures.front().time;
    if (job.order.pictures.size() > 1) job.order.task = media::PictureTask::best_of;
    co_return job;
}

Task<Result<FrameJob>> plan(RequestFlow& flow, const AnswerContext& context, const MediaFile& file,
                            package::TrackTimeline line, std::int64_t time) {
    constexpr std::array<std::int64_t, 4> kPosterPercents{10, 30, 50, 70};
    std::vector<std::int64_t> times;
    if (context.path.resource == Resource::frame) {
        auto job = co_await plan_shown(flow, file, line, time);
        co_return job;
    }
    if (context.path.resource == Resource::key_frame) times.push_back(time);
    if (context.path.resource == Resource::poster)
        for (const std::int64_t percent : kPosterPercents)
            times.push_back(line.track()->end / 100 * percent);
    auto job = co_await plan_keys(flow, file, line, times);
    co_return job;
}

// Appends the bytes of samples, in as few reads as they lie in one piece.
Task<Result<bool>> read_samples(RequestFlow& flow, const MediaFile& file,
                                std::span<const media::Sample> samples, std::vector<std::byte>& out) {
    while (!samples.empty()) {
        const std::uint64_t begin = samples.front().offset;
        std::uint64_t end = begin;
        while (!samples.empty() && samples.front().offset == end) {
            end += samples.front().size;
            samples = samples.subspan(1);
        }
        const std::size_t before = out.size();
        out.resize(before + static_cast<std::size_t>(end - begin));
        const std::span<std::byte> room = std::span(out).subspan(before);
        const auto n = co_await read_file(flow, file.file, room, begin);
        if (!n) co_return std::unexpected(n.error());
        if (*n != room.size()) co_return fail(ErrorCode::io, "file: shorter than it was", begin + *n);
    }
    co_return true;
}

// The coded pictures are read once the service is ready for them: no more memory is used than it has
// processes.
Task<Result<std::string>> make_jpeg(RequestFlow& flow, const MediaFile& file, const FrameJob& job) {
    PictureLink link(picture_conf(flow));
    const auto ready = co_await link.ready();
    if (!ready) co_return std::unexpected(ready.error());
    std::vector<std::byte> order;
    media::write_picture_order(job.order, order);
    const auto read = co_await read_samples(flow, file, job.samples, order);
    if (!read) co_return std::unexpected(read.error());
    const auto made = co_await link.exchange(order);
    if (!made) co_return std::unexpected(made.error());
    co_return link.take_jpeg();
}

}  // namespace

bool makes_pictures(const RequestFlow& flow) noexcept {
    const PictureConf* conf = mezz_conf(flow.request()).pictures;
    return conf != nullptr && !conf->socket.empty();
}

Task<Result<ngx_int_t>> answer_frame(RequestFlow& flow, const AnswerContext& context) {
    ngx_http_request_t* r = flow.request();
    if (!makes_pictures(flow)) co_return fail(ErrorCode::not_found, "thumbs: mezz_pictures is off");
    const auto asked = package::parse_picture_size(view(r->args));
    if (!asked) co_return fail(ErrorCode::bad_request, "query: width and height are numbers from 16 to 8192");
    const PictureSize size = limited(*asked, picture_conf(flow).max_width, context.filter.max_height);
    const auto* rendition = package::picture_rendition(context.title.view().renditions(), size);
    if (rendition == nullptr) co_return fail(ErrorCode::not_found, "title: it has no video");
    const auto file = co_await load_file(flow, context.title, rendition->file);
    if (!file) co_return std::unexpected(file.error());
    const package::TrackTimeline line =
        package::timeline(context.title.view(), file->view().track(rendition->track));
    const std::int64_t time = std::int64_t{context.path.number} * line.track()->timescale / 1000;
    if (time >= line.track()->end) co_return fail(ErrorCode::not_found, "picture: past the end");
    const EtagText etag = frame_etag(context, rendition->name.data(), size);
    ResponseHead head = frame_head(context, etag);
    if (is_bodiless(r, etag)) {
        head.length = kUnknownLength;
        const ngx_int_t rc = send_head(r, head);
        co_return is_answered(r, rc) ? rc : NGX_ERROR;
    }
    auto job = co_await plan(flow, context, file->media, line, time);
    if (!job) co_return std::unexpected(job.error());
    job->order.width = size.width;
    job->order.height = size.height;
    auto jpeg = co_await make_jpeg(flow, file->media, *job);
    if (!jpeg) co_return std::unexpected(jpeg.error());
    co_return send_text(r, head, std::move(*jpeg));
}

}  // namespace mezz::nginx
