#include "sample_encoder.hpp"

#include <algorithm>
#include <cerrno>
#include <cmath>

namespace mezz::worker {
namespace {

constexpr int kRate = 30;  // pictures a second, whatever the title's: caps are meant so

std::unexpected<Failure> failed(int error) {
    return av_failure(error, FailureKind::internal, "A sample could not be encoded.");
}

Av<AVCodecContext> make_context(const AVCodec* codec) {
    Av<AVCodecContext> context(avcodec_alloc_context3(codec));
    if (!context) throw std::bad_alloc();
    context->thread_count = 1;
    return context;
}

}  // namespace

Outcome<void> SampleEncoder::open() {
    const AVCodec* const encoder = avcodec_find_encoder_by_name("libx264");
    const AVCodec* const decoder = avcodec_find_decoder(AV_CODEC_ID_H264);
    if (encoder == nullptr || decoder == nullptr) return failed(AVERROR_ENCODER_NOT_FOUND);
    for (const RenditionPlan& rendition : plan_.renditions) {
        Lane lane{.encoder = make_context(encoder), .decoder = make_context(decoder), .waiting = {}};
        lane.encoder->width = rendition.size.width;
        lane.encoder->height = rendition.size.height;
        lane.encoder->pix_fmt = AV_PIX_FMT_YUV420P;
        lane.encoder->time_base = {1, kRate};
        lane.encoder->framerate = {kRate, 1};
        Options options;
        options.set("preset", "superfast");
        options.set("crf", "23");
        options.set("x264-params", "keyint=infinite:scenecut=0:sliced-threads=0");
        int error = avcodec_open2(lane.encoder.get(), encoder, options.get());
        if (error >= 0) error = avcodec_open2(lane.decoder.get(), decoder, nullptr);
        if (error < 0) return failed(error);
        lanes_.push_back(std::move(lane));
    }
    return {};
}

Outcome<void> SampleEncoder::add(AVFrame& frame) {
    if (lanes_.empty())
        if (auto ok = open(); !ok) return ok;
    frame.pts = frames_;
    auto pictures = graph_.convert(frame);
    if (!pictures) return std::unexpected(std::move(pictures.error()));
    for (std::size_t i = 0; i < lanes_.size(); ++i) {
        AVFrame& picture = *(*pictures)[i];
        picture.pts = frames_;
        picture.pict_type = AV_PICTURE_TYPE_NONE;
        lanes_[i].waiting.push_back(std::move((*pictures)[i]));
        if (auto ok = encode(lanes_[i], &picture); !ok) return ok;
    }
    ++frames_;
    return {};
}

Outcome<void> SampleEncoder::encode(Lane& lane, const AVFrame* picture) {
    int error = avcodec_send_frame(lane.encoder.get(), picture);
    const Av<AVPacket> packet = make_packet();
    while (error >= 0) {
        error = avcodec_receive_packet(lane.encoder.get(), packet.get());
        if (error == AVERROR(EAGAIN) || error == AVERROR_EOF) return {};
        if (error < 0) break;
        lane.bytes += packet->size;
        if (auto ok = decode(lane, packet.get()); !ok) return ok;
        av_packet_unref(packet.get());
    }
    return failed(error);
}

Outcome<void> SampleEncoder::decode(Lane& lane, const AVPacket* packet) {
    int error = avcodec_send_packet(lane.decoder.get(), packet);
    const Av<AVFrame> decoded = make_frame();
    while (error >= 0) {
        error = avcodec_receive_frame(lane.decoder.get(), decoded.get());
        if (error == AVERROR(EAGAIN) || error == AVERROR_EOF) return {};
        if (error >= 0) compare(lane, *decoded);
    }
    return failed(error);
}

// Pictures come back in the order in which they were given.
void SampleEncoder::compare(Lane& lane, const AVFrame& decoded) {
    if (lane.waiting.empty()) return;
    const Av<AVFrame> original = std::move(lane.waiting.front());
    lane.waiting.erase(lane.waiting.begin());
    for (int y = 0; y < original->height; ++y) {
        const std::uint8_t* const a = original->data[0] + std::ptrdiff_t{y} * original->linesize[0];
        const std::uint8_t* const b = decoded.data[0] + std::ptrdiff_t{y} * decoded.linesize[0];
        std::uint32_t sum = 0;  // at most 16384 columns of 255² are less than 2³²
        for (int x = 0; x < original->width; ++x)
            sum += static_cast<std::uint32_t>((a[x] - b[x]) * (a[x] - b[x]));
        lane.error += sum;
    }
    lane.pixels += static_cast<double>(original->width) * original->height;
}

Outcome<void> SampleEncoder::finish(std::vector<Sample>& samples) {
    constexpr double kPeak = 255 * 255;
    constexpr double kLossless = 0.01;  // mean square below which there is nothing to tell apart
    for (std::size_t i = 0; i < lanes_.size(); ++i) {
        Lane& lane = lanes_[i];
        if (auto ok = encode(lane, nullptr); !ok) return ok;
        if (auto ok = decode(lane, nullptr); !ok) return ok;
        if (lane.pixels == 0) continue;
        const double error = std::max(kLossless, lane.error / lane.pixels);
        samples.push_back({.height = plan_.renditions[i].rung.height,
                           .kbps = static_cast<double>(lane.bytes) * 8 * kRate / (1000.0 * frames_),
                           .psnr = 10 * std::log10(kPeak / error)});
    }
    return {};
}

}  // namespace mezz::worker
