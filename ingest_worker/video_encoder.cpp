#include "video_encoder.hpp"

#include <cerrno>

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

// Everything that the result depends on is set here, nothing is left to the number of processors. Frame
// threads are out of the question: with a cap on the rate, x264's result then depends on how they were
// scheduled, even for the same number of them. Slices do not have this fault.
std::string x264_parameters(const VideoPlan& video, const RenditionPlan& rendition) {
    const std::string gop = std::to_string(video.gop / rendition.step);
    return "keyint=" + gop + ":min-keyint=" + gop + ":scenecut=0:open-gop=0:force-cfr=1:stitchable=1" +
           ":sliced-threads=" + (rendition.rung.threads > 1 ? "1" : "0") +
           ":lookahead-threads=1:rc-lookahead=" + std::to_string(kLookahead);
}

void configure(AVCodecContext& context, const VideoPlan& video, const RenditionPlan& rendition,
               const OutputColor& color) {
    context.width = rendition.size.width;
    context.height = rendition.size.height;
    context.pix_fmt = AV_PIX_FMT_YUV420P;
    context.sample_aspect_ratio = {1, 1};
    context.time_base = {static_cast<int>(video.rate.den) * rendition.step, static_cast<int>(video.rate.num)};
    context.framerate = av_inv_q(context.time_base);
    context.colorspace = color.matrix;
    context.color_primaries = color.primaries;
    context.color_trc = color.transfer;
    context.color_range = AVCOL_RANGE_MPEG;
    context.chroma_sample_location = AVCHROMA_LOC_LEFT;
    context.thread_count = rendition.rung.threads;
    context.rc_max_rate = cap(video, rendition);
    context.rc_buffer_size = static_cast<int>(kSecondsOfBuffer * static_cast<double>(context.rc_max_rate));
    context.flags |= AV_CODEC_FLAG_GLOBAL_HEADER | AV_CODEC_FLAG_CLOSED_GOP;
}

// x264 says no more than that it failed; what fails once it runs is the allocation of memory.
std::unexpected<Failure> encoding_failed(int error) {
    return av_failure(error == AVERROR_EXTERNAL ? AVERROR(ENOMEM) : error, FailureKind::internal,
                      "A picture could not be encoded.");
}

}  // namespace

Outcome<VideoEncoder> VideoEncoder::open(const OutputFiles& files, const VideoPlan& video,
                                         const RenditionPlan& rendition, const OutputColor& color) {
    const auto refuse = [](int error) {
        return av_failure(error, FailureKind::system, "The video encoder could not be started.");
    };
    const AVCodec* const codec = avcodec_find_encoder_by_name("libx264");
    if (codec == nullptr) return refuse(AVERROR_ENCODER_NOT_FOUND);
    Av<AVCodecContext> context(avcodec_alloc_context3(codec));
    if (!context) throw std::bad_alloc();
    configure(*context, video, rendition, color);
    Options options;
    options.set("preset", rendition.rung.preset);
    options.set("crf", std::to_string(rendition.rung.crf));
    options.set("forced-idr", "1");
    options.set("x264-params", x264_parameters(video, rendition));
    if (const int error = avcodec_open2(context.get(), codec, options.get()); error < 0) return refuse(error);
    auto writer = MezzanineWriter::open(files, *context, video.timing.timescale, {});
    if (!writer) return std::unexpected(std::move(writer.error()));
    return VideoEncoder(video, rendition, std::move(context), std::move(*writer));
}

Outcome<void> VideoEncoder::add(const AVFrame& picture, std::int64_t first, std::int64_t count) {
    for (std::int64_t tick = first; tick < first + count; ++tick)
        if (tick % rendition_->step == 0)
            if (auto ok = encode(&picture, tick); !ok) return ok;
    return {};
}

Outcome<void> VideoEncoder::encode(const AVFrame* picture, std::int64_t tick) {
    Av<AVFrame> frame;
    if (picture != nullptr) {
        frame = share(*picture);
        frame->pts = (tick - video_->part.first) / rendition_->step;
        frame->pict_type = tick % video_->gop == 0 ? AV_PICTURE_TYPE_I : AV_PICTURE_TYPE_NONE;
        frame->interlaced_frame = 0;
    }
    const int error = avcodec_send_frame(context_.get(), frame.get());
    if (error < 0) return encoding_failed(error);
    return write_packets();
}

Outcome<void> VideoEncoder::write_packets() {
    for (;;) {
        const int error = avcodec_receive_packet(context_.get(), packet_.get());
        if (error == AVERROR(EAGAIN) || error == AVERROR_EOF) return {};
        if (error < 0) return encoding_failed(error);
        packet_->duration = 1;
        av_packet_rescale_ts(packet_.get(), context_->time_base,
                             {1, static_cast<int>(video_->timing.timescale)});
        const bool key = (packet_->flags & AV_PKT_FLAG_KEY) != 0;
        auto ok = writer_->write(*packet_, key);
        av_packet_unref(packet_.get());
        if (!ok) return ok;
        ++written_;
    }
}

Outcome<void> VideoEncoder::finish() {
    if (auto ok = encode(nullptr, 0); !ok) return ok;
    return writer_->finish(rendition_->name + ".mp4");
}

}  // namespace mezz::worker
