#include "encoder_settings.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>

namespace mezz::worker {
namespace {

constexpr int kLookahead = 30;     // pictures; part of the plan, since the output depends on it
constexpr double kUsualRate = 31;  // pictures a second up to which the rung's cap holds
constexpr double kSecondsOfBuffer = 2;

double pictures_a_second(const VideoPlan& video, const RenditionPlan& rendition) {
    return video.rate.value() / rendition.step;
}

std::int64_t cap(const VideoPlan& video, const RenditionPlan& rendition) {
    const double factor = pictures_a_second(video, rendition) > kUsualRate ? 1.5 : 1;
    return static_cast<std::int64_t>(rendition.rung.max_kbps * 1000 * factor);
}

// Frame threads are out of the question: with a cap on the rate, x264's result then depends on how they were
// scheduled, even for the same number of them. Slices do not have this fault.
std::string x264_parameters(const std::string& gop, int threads) {
    return "keyint=" + gop + ":min-keyint=" + gop + ":scenecut=0:open-gop=0:force-cfr=1:stitchable=1" +
           ":sliced-threads=" + (threads > 1 ? "1" : "0") +
           ":lookahead-threads=1:rc-lookahead=" + std::to_string(kLookahead);
}

// Chromaticities in units of 0.00002, luminances in 0.0001 cd/m² (ITU-T H.265 §D.3.28).
std::string mastering_display(const AVMasteringDisplayMetadata& display) {
    constexpr double kChroma = 50000;
    constexpr double kLuma = 10000;
    const auto scaled = [](AVRational value, double by) {
        return std::to_string(value.den == 0 ? 0 : std::llround(av_q2d(value) * by));
    };
    const auto point = [&scaled](const char* name, const AVRational* xy) {
        return name + ('(' + scaled(xy[0], kChroma)) + ',' + scaled(xy[1], kChroma) + ')';
    };
    return point("G", display.display_primaries[1]) + point("B", display.display_primaries[2]) +
           point("R", display.display_primaries[0]) + point("WP", display.white_point) + "L(" +
           scaled(display.max_luminance, kLuma) + ',' + scaled(display.min_luminance, kLuma) + ')';
}

std::string x265_parameters(const std::string& gop, const VideoPlan& video, const RenditionPlan& rendition) {
    std::string text = "keyint=" + gop + ":min-keyint=" + gop +
                       ":scenecut=0:open-gop=0:pools=none:frame-threads=1" +
                       ":repeat-headers=0:info=0:log-level=error:rc-lookahead=" + std::to_string(kLookahead);
    if (!rendition.hdr) return text;
    const HdrMetadata& hdr = video.hdr;
    if (hdr.transfer == AVCOL_TRC_SMPTE2084) text += ":hdr10=1";
    if (hdr.display) text += ":master-display=" + mastering_display(*hdr.display);
    if (hdr.light)
        text += ":max-cll=" + std::to_string(hdr.light->MaxCLL) + ',' + std::to_string(hdr.light->MaxFALL);
    return text;
}

// x264's names for how much time to take, and SVT-AV1's numbers.
std::string svt_preset(std::string_view name) {
    constexpr std::array<std::pair<std::string_view, int>, 9> kNumbers{{{"ultrafast", 12},
                                                                        {"superfast", 11},
                                                                        {"veryfast", 10},
                                                                        {"faster", 9},
                                                                        {"fast", 8},
                                                                        {"medium", 7},
                                                                        {"slow", 6},
                                                                        {"slower", 5},
                                                                        {"veryslow", 4}}};
    const auto* const found = std::ranges::find(kNumbers, name, &std::pair<std::string_view, int>::first);
    return std::to_string(found == kNumbers.end() ? 8 : found->second);
}

// In SVT-AV1's words: numbers as they are, in the order green, blue, red.
std::string svt_metadata(const HdrMetadata& hdr) {
    std::string text;
    if (hdr.display) {
        const AVMasteringDisplayMetadata& d = *hdr.display;
        const auto pair = [](const char* name, AVRational a, AVRational b) {
            const auto number = [](AVRational v) { return std::to_string(v.den == 0 ? 0 : av_q2d(v)); };
            return name + ('(' + number(a)) + ',' + number(b) + ')';
        };
        text += ":mastering-display=" + pair("G", d.display_primaries[1][0], d.display_primaries[1][1]) +
                pair("B", d.display_primaries[2][0], d.display_primaries[2][1]) +
                pair("R", d.display_primaries[0][0], d.display_primaries[0][1]) +
                pair("WP", d.white_point[0], d.white_point[1]) + pair("L", d.max_luminance, d.min_luminance);
    }
    if (hdr.light)
        text +=
            ":content-light=" + std::to_string(hdr.light->MaxCLL) + ',' + std::to_string(hdr.light->MaxFALL);
    return text;
}

}  // namespace

const char* encoder_name(VideoCodec codec) noexcept {
    switch (codec) {
        case VideoCodec::hevc:
            return "libx265";
        case VideoCodec::av1:
            return "libsvtav1";
        case VideoCodec::h264:
            break;
    }
    return "libx264";
}

bool keeps_the_grid(VideoCodec codec) noexcept {
    return codec == VideoCodec::h264;
}

void configure_encoder(AVCodecContext& context, const VideoPlan& video, const RenditionPlan& rendition,
                       const OutputColor& color) {
    context.width = rendition.size.width;
    context.height = rendition.size.height;
    context.pix_fmt = rendition.hdr ? AV_PIX_FMT_YUV420P10 : AV_PIX_FMT_YUV420P;
    context.sample_aspect_ratio = {1, 1};
    context.time_base = {static_cast<int>(video.rate.den) * rendition.step, static_cast<int>(video.rate.num)};
    context.framerate = av_inv_q(context.time_base);
    context.colorspace = color.matrix;
    context.color_primaries = color.primaries;
    context.color_trc = color.transfer;
    context.color_range = AVCOL_RANGE_MPEG;
    context.chroma_sample_location = AVCHROMA_LOC_LEFT;
    context.gop_size = static_cast<int>(video.gop / rendition.step);
    context.thread_count = rendition.rung.codec == VideoCodec::h264 ? rendition.rung.threads : 1;
    context.rc_max_rate = cap(video, rendition);
    context.rc_buffer_size = static_cast<int>(kSecondsOfBuffer * static_cast<double>(context.rc_max_rate));
    context.flags |= AV_CODEC_FLAG_GLOBAL_HEADER | AV_CODEC_FLAG_CLOSED_GOP;
}

void set_encoder_options(Options& options, const VideoPlan& video, const RenditionPlan& rendition) {
    const Rung& rung = rendition.rung;
    const std::string gop = std::to_string(video.gop / rendition.step);
    options.set("crf", std::to_string(rung.crf));
    switch (rung.codec) {
        case VideoCodec::h264:
            options.set("preset", rung.preset);
            options.set("forced-idr", "1");
            options.set("x264-params", x264_parameters(gop, rung.threads));
            return;
        case VideoCodec::hevc:
            options.set("preset", rung.preset);
            options.set("forced-idr", "1");
            options.set("x265-params", x265_parameters(gop, video, rendition));
            return;
        case VideoCodec::av1:
            options.set("preset", svt_preset(rung.preset));
            options.set("svtav1-params", "lp=1:scd=0:lookahead=" + std::to_string(kLookahead) +
                                             (rendition.hdr ? svt_metadata(video.hdr) : std::string()));
            return;
    }
}

}  // namespace mezz::worker
