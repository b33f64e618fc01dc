#include "picture_canvas.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "core/bytes.hpp"
#include "jpeg.hpp"
#include "jpeg_colors.hpp"
#include "orientation.hpp"
#include "picture_graph.hpp"

namespace mezz::worker {
namespace {

Orientation orientation_in(const media::PictureOrder& order) {
    std::array<std::int32_t, 9> matrix{};
    ByteReader in(order.matrix);
    for (std::int32_t& number : matrix)
        number = in.i32();
    return orientation_of(matrix);
}

int even(double length) noexcept {
    constexpr double kLongest = 16384;
    return std::max(2, 2 * static_cast<int>(std::min(length, kLongest) / 2 + 0.25));
}

struct FullSize {
    double width, height;
};

// Upright, with square pixels, in its own resolution.
FullSize full_size(Size coded, const media::PictureOrder& order) noexcept {
    const double aspect = static_cast<double>(order.pixel_aspect_h) / order.pixel_aspect_v;
    FullSize full{coded.width * std::max(1.0, aspect), coded.height * std::max(1.0, 1 / aspect)};
    if (orientation_in(order).transpose) std::swap(full.width, full.height);
    return full;
}

std::unexpected<Failure> inconvertible() {
    return give_up(FailureKind::source, "The picture's format cannot be converted.");
}

// Turns a plane, as Orientation says.
void turn_plane(const AVFrame& from, AVFrame& to, int plane, Size size, const Orientation& how) {
    for (int y = 0; y < size.height; ++y) {
        const int from_y = how.mirror_y ? size.height - 1 - y : y;
        std::uint8_t* const line = to.data[plane] + std::ptrdiff_t{y} * to.linesize[plane];
        for (int x = 0; x < size.width; ++x) {
            const int from_x = how.mirror_x ? size.width - 1 - x : x;
            const std::ptrdiff_t stride = from.linesize[plane];
            line[x] = how.transpose ? from.data[plane][from_x * stride + from_y]
                                    : from.data[plane][from_y * stride + from_x];
        }
    }
}

Av<AVFrame> turned(Av<AVFrame> picture, const Orientation& how) {
    if (how == Orientation{}) return picture;
    const Size size =
        how.transpose ? Size{picture->height, picture->width} : Size{picture->width, picture->height};
    Av<AVFrame> upright = make_blank(size);
    const Size half{size.width / 2, size.height / 2};
    turn_plane(*picture, *upright, 0, size, how);
    turn_plane(*picture, *upright, 1, half, how);
    turn_plane(*picture, *upright, 2, half, how);
    return upright;
}

Outcome<Av<AVFrame>> filtered(AVFrame& picture, const std::string& filters) {
    auto graph = FilterGraph::make(shape_of(picture), "[in]" + filters + "null[out0]", 1);
    if (!graph) return std::unexpected(std::move(graph.error()));
    picture.pts = 0;
    if (auto ok = graph->put(&picture); !ok) return std::unexpected(std::move(ok.error()));
    auto result = graph->take(0);
    if (result && !*result) return inconvertible();
    return result;
}

}  // namespace

double shown_scale(Size coded, const media::PictureOrder& order) noexcept {
    const FullSize full = full_size(coded, order);
    double factor = 1;
    if (order.width != 0) factor = std::min(factor, order.width / full.width);
    if (order.height != 0) factor = std::min(factor, order.height / full.height);
    return factor;
}

Size shown_size(Size coded, const media::PictureOrder& order) noexcept {
    const FullSize full = full_size(coded, order);
    const double factor = shown_scale(coded, order);
    return {even(full.width * factor), even(full.height * factor)};
}

Outcome<Av<AVFrame>> PictureCanvas::draw(AVFrame& picture, const media::PictureOrder& order) {
    const Orientation orientation = orientation_in(order);
    const Size shown = shown_size({picture.width, picture.height}, order);
    const Size size = orientation.transpose ? Size{shown.height, shown.width} : shown;
    const FrameShape shape = shape_of(picture);
    AVFrame* source = &picture;
    Av<AVFrame> sdr;
    AVColorSpace matrix = source_matrix(shape);
    bool full_range = is_full_range(shape);
    if (const std::string filters = sdr_filters(shape, size); !filters.empty()) {
        auto converted = filtered(picture, filters);
        if (!converted) return converted;
        sdr = std::move(*converted);
        source = sdr.get();
        matrix = AVCOL_SPC_BT709;
        full_range = false;
    }
    const AVPixFmtDescriptor* const format = av_pix_fmt_desc_get(static_cast<AVPixelFormat>(source->format));
    if (format == nullptr) return inconvertible();
    const bool rgb = (format->flags & AV_PIX_FMT_FLAG_RGB) != 0;
    auto fitted = scaled(*source, size, !rgb);
    if (!fitted) return fitted;
    Av<AVFrame> canvas = make_blank(size);
    copy_as_jpeg(**fitted, rgb ? AVCOL_SPC_SMPTE170M : matrix, full_range, *canvas);
    return turned(std::move(canvas), orientation);
}

// Of the picture's own range and, with `keep_matrix`, matrix; RGB becomes BT.601 of full range.
Outcome<Av<AVFrame>> PictureCanvas::scaled(const AVFrame& picture, Size to, bool keep_matrix) {
    constexpr int kOne = 1 << 16;
    const auto format = static_cast<AVPixelFormat>(picture.format);
    const bool same = format == AV_PIX_FMT_YUV420P || format == AV_PIX_FMT_YUVJ420P;
    if (same && picture.width / 2 * 2 == to.width && picture.height / 2 * 2 == to.height)
        return share(picture);
    scaler_.reset(sws_getCachedContext(scaler_.release(), picture.width, picture.height, format, to.width,
                                       to.height, AV_PIX_FMT_YUV420P, SWS_BICUBIC | SWS_ACCURATE_RND, nullptr,
                                       nullptr, nullptr));
    if (!scaler_) return inconvertible();
    const int* const matrix = sws_getCoefficients(SWS_CS_ITU601);
    const int range = is_full_range(shape_of(picture)) ? 1 : 0;
    if (sws_setColorspaceDetails(scaler_.get(), matrix, range, matrix, keep_matrix ? range : 1, 0, kOne,
                                 kOne) < 0)
        return inconvertible();
    Av<AVFrame> result = make_blank(to);
    if (sws_scale(scaler_.get(), picture.data, picture.linesize, 0, picture.height, result->data,
                  result->linesize) != to.height)
        return inconvertible();
    return result;
}

}  // namespace mezz::worker
