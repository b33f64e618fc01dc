#include "picture_graph.hpp"

#include <algorithm>
#include <cmath>

namespace mezz::worker {
namespace {

bool is_rgb(int format) noexcept {
    const AVPixFmtDescriptor* const description = av_pix_fmt_desc_get(static_cast<AVPixelFormat>(format));
    return description != nullptr && (description->flags & (AV_PIX_FMT_FLAG_RGB | AV_PIX_FMT_FLAG_PAL)) != 0;
}

}  // namespace

bool is_full_range(const FrameShape& shape) noexcept {
    switch (shape.format) {
        case AV_PIX_FMT_YUVJ420P:
        case AV_PIX_FMT_YUVJ422P:
        case AV_PIX_FMT_YUVJ444P:
        case AV_PIX_FMT_YUVJ440P:
        case AV_PIX_FMT_YUVJ411P:
            return true;
        default:
            return shape.range == AVCOL_RANGE_JPEG || is_rgb(shape.format);
    }
}

AVColorSpace source_matrix(const FrameShape& shape) noexcept {
    constexpr int kWidestSd = 1024;
    constexpr int kHighestSd = 576;
    if (shape.matrix != AVCOL_SPC_UNSPECIFIED && shape.matrix != AVCOL_SPC_RESERVED) return shape.matrix;
    const bool sd = shape.width <= kWidestSd && shape.height <= kHighestSd;
    return sd ? AVCOL_SPC_SMPTE170M : AVCOL_SPC_BT709;
}

namespace {

bool is_hdr(const FrameShape& shape) noexcept {
    return shape.transfer == AVCOL_TRC_SMPTE2084 || shape.transfer == AVCOL_TRC_ARIB_STD_B67;
}

bool is_wide_gamut(const FrameShape& shape) noexcept {
    return shape.matrix == AVCOL_SPC_BT2020_NCL || shape.matrix == AVCOL_SPC_BT2020_CL ||
           shape.primaries == AVCOL_PRI_BT2020;
}

// As the scale filter calls it.
const char* matrix_name(AVColorSpace matrix) noexcept {
    switch (matrix) {
        case AVCOL_SPC_SMPTE170M:
        case AVCOL_SPC_BT470BG:
            return "smpte170m";
        case AVCOL_SPC_FCC:
            return "fcc";
        case AVCOL_SPC_SMPTE240M:
            return "smpte240m";
        case AVCOL_SPC_BT2020_NCL:
        case AVCOL_SPC_BT2020_CL:
            return "bt2020";
        default:
            return "bt709";
    }
}

// zscale and tonemap work in linear light, as floating point numbers; the size is reduced before.
std::string tone_map(const FrameShape& shape, Size size) {
    const bool pq = shape.transfer == AVCOL_TRC_SMPTE2084;
    return "zscale=w=" + std::to_string(size.width) + ":h=" + std::to_string(size.height) +
           ":filter=bicubic:pin=2020:min=2020_ncl:tin=" + (pq ? "smpte2084" : "arib-std-b67") +
           ":rin=" + (is_full_range(shape) ? "full" : "limited") +
           ":t=linear:npl=100,format=gbrpf32le,zscale=p=709,tonemap=tonemap=hable,"
           "zscale=t=709:m=709:r=limited,format=yuv420p,";
}

std::string narrow_gamut(const FrameShape& shape) {
    return std::string("zscale=pin=2020:tin=709:min=2020_ncl:rin=") +
           (is_full_range(shape) ? "full" : "limited") + ":p=709:t=709:m=709:r=limited,format=yuv420p,";
}

std::string widen_range(AVColorTransferCharacteristic transfer) {
    constexpr const char* kWhite = "203";  // cd/m² of SDR's white (ITU-R BT.2408)
    return std::string("zscale=pin=709:tin=709:min=709:rin=limited:p=2020:m=2020_ncl:r=limited:t=") +
           (transfer == AVCOL_TRC_SMPTE2084 ? "smpte2084" : "arib-std-b67") + ":npl=" + kWhite;
}

Size swapped_if(bool swap, Size size) noexcept {
    return swap ? Size{size.height, size.width} : size;
}

}  // namespace

std::string sdr_filters(const FrameShape& shape, Size size) {
    if (is_hdr(shape)) return tone_map(shape, size);
    return is_wide_gamut(shape) ? narrow_gamut(shape) : std::string();
}

OutputColor output_color(const FrameShape& source) noexcept {
    if (is_hdr(source) || is_wide_gamut(source) || is_rgb(source.format)) return {};
    switch (source_matrix(source)) {
        case AVCOL_SPC_SMPTE170M:
            return {AVCOL_SPC_SMPTE170M, AVCOL_PRI_SMPTE170M, AVCOL_TRC_SMPTE170M};
        case AVCOL_SPC_BT470BG:
            return {AVCOL_SPC_BT470BG, AVCOL_PRI_BT470BG, AVCOL_TRC_SMPTE170M};
        default:
            return {};
    }
}

Outcome<std::vector<Av<AVFrame>>> PictureGraph::convert(AVFrame& frame) {
    if (!graph_ || shape_for(frame) != shape_)
        if (auto ok = rebuild(frame); !ok) return std::unexpected(std::move(ok.error()));
    if (auto ok = graph_->put(&frame); !ok) return std::unexpected(std::move(ok.error()));
    std::vector<Av<AVFrame>> pictures;
    for (int i = 0; i < static_cast<int>(pictures_.size()); ++i) {
        auto picture = graph_->take(i);
        if (!picture) return std::unexpected(std::move(picture.error()));
        if (!*picture) return give_up(FailureKind::internal, "A picture got lost.");
        pictures.push_back(std::move(*picture));
    }
    return pictures;
}

Outcome<void> PictureGraph::rebuild(const AVFrame& frame) {
    shape_ = shape_for(frame);
    if (!color_known_) color_ = output_color(shape_);
    color_known_ = true;
    auto graph = FilterGraph::make(shape_, describe(shape_), static_cast<int>(pictures_.size()));
    if (!graph) return std::unexpected(std::move(graph.error()));
    graph_ = std::move(*graph);
    return {};
}

// Scaling to the target size; a picture of other proportions than the title's gets borders.
std::string PictureGraph::fit(const FrameShape& shape, Size target) const {
    constexpr double kSame = 0.02;
    const double coded = static_cast<double>(info_.coded.width) / info_.coded.height;
    const double now = static_cast<double>(shape.width) / shape.height;
    const double ratio = info_.orientation.transpose ? coded / now : now / coded;
    const auto size = [](Size s) { return std::to_string(s.width) + ":" + std::to_string(s.height); };
    if (std::abs(ratio - 1) < kSame) return "scale=" + size(target);
    const auto even = [](double v) { return std::max(2, 2 * static_cast<int>(v / 2)); };
    const Size inner{ratio < 1 ? even(target.width * ratio) : target.width,
                     ratio > 1 ? even(target.height / ratio) : target.height};
    return "scale=" + size(inner) + ",pad=" + size(target) + ":-1:-1,scale=" + size(target);
}

// Some files say of their HDR only in the container.
FrameShape PictureGraph::shape_for(const AVFrame& frame) const noexcept {
    FrameShape shape = shape_of(frame);
    if (shape.transfer == AVCOL_TRC_UNSPECIFIED) shape.transfer = info_.hdr.transfer;
    return shape;
}

std::string PictureGraph::split(const std::vector<std::size_t>& wanted) const {
    std::string text = info_.orientation.filters() + "split=" + std::to_string(wanted.size());
    for (const std::size_t i : wanted)
        text += "[s" + std::to_string(i) + "]";
    return text;
}

std::string PictureGraph::standard_range(const FrameShape& shape, const std::string& from,
                                         const std::vector<std::size_t>& wanted) const {
    std::string text = from;
    const std::string to_sdr =
        sdr_filters(shape, swapped_if(info_.orientation.transpose, pictures_[wanted.front()].size));
    const bool converted = !to_sdr.empty();
    text += to_sdr;
    text += split(wanted);
    const std::string in_matrix = matrix_name(converted ? AVCOL_SPC_BT709 : source_matrix(shape));
    const std::string in_range = !converted && is_full_range(shape) ? "full" : "limited";
    for (const std::size_t i : wanted) {
        const std::string number = std::to_string(i);
        const bool widened = pictures_[i].hdr;  // these pictures are the exception in an HDR title
        // The RGB formats have no matrix of their own; only the result's counts.
        const std::string colors = ":flags=bicubic:in_color_matrix=" + in_matrix + ":out_color_matrix=" +
                                   matrix_name(widened ? AVCOL_SPC_BT709 : color_.matrix) +
                                   ":in_range=" + in_range + ":out_range=limited";
        text += ";[s" + number + "]" + fit(shape, pictures_[i].size) + colors;
        text += widened ? ",format=yuv420p10le," + widen_range(hdr_.transfer) : ",format=yuv420p";
        text += ",setsar=1[out" + number + "]";
    }
    return text;
}

std::string PictureGraph::high_range(const FrameShape& shape, const std::string& from,
                                     const std::vector<std::size_t>& wanted) const {
    std::string text = from + split(wanted);
    const std::string colors = std::string(":flags=bicubic:in_color_matrix=bt2020:out_color_matrix=bt2020") +
                               ":in_range=" + (is_full_range(shape) ? "full" : "limited") +
                               ":out_range=limited,format=yuv420p10le,setsar=1";
    for (const std::size_t i : wanted) {
        const std::string number = std::to_string(i);
        text += ";[s" + number + "]" + fit(shape, pictures_[i].size) + colors + "[out" + number + "]";
    }
    return text;
}

std::string PictureGraph::describe(const FrameShape& shape) const {
    std::vector<std::size_t> standard;
    std::vector<std::size_t> high;
    for (std::size_t i = 0; i < pictures_.size(); ++i)
        (pictures_[i].hdr && is_hdr(shape) ? high : standard).push_back(i);
    if (high.empty()) return standard_range(shape, "[in]", standard);
    if (standard.empty()) return high_range(shape, "[in]", high);
    return "[in]split=2[high][standard];" + high_range(shape, "[high]", high) + ";" +
           standard_range(shape, "[standard]", standard);
}

}  // namespace mezz::worker
