#include "video_encoder.hpp"

#include <cerrno>

#include "encoder_settings.hpp"

namespace mezz::worker {
namespace {

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
    const AVCodec* const codec = avcodec_find_encoder_by_name(encoder_name(rendition.rung.codec));
    if (codec == nullptr) return refuse(AVERROR_ENCODER_NOT_FOUND);
    Av<AVCodecContext> context(avcodec_alloc_context3(codec));
    if (!context) throw std::bad_alloc();
    configure_encoder(*context, video, rendition, color);
    Options options;
    set_encoder_options(options, video, rendition);
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
        const bool begins = tick % video_->gop == 0 && !keeps_the_grid(rendition_->rung.codec);
        frame->pict_type = begins ? AV_PICTURE_TYPE_I : AV_PICTURE_TYPE_NONE;
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
