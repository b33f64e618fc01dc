#include "decoder.hpp"

#include <cerrno>

namespace mezz::worker {

std::string codec_name(AVCodecID id) {
    const AVCodecDescriptor* const descriptor = avcodec_descriptor_get(id);
    if (descriptor == nullptr) return "an unknown format";
    return descriptor->long_name != nullptr ? descriptor->long_name : descriptor->name;
}

Outcome<Decoder> Decoder::open(const AVStream& stream, int threads, const Limits& limits) {
    const AVCodec* const codec = avcodec_find_decoder(stream.codecpar->codec_id);
    if (codec == nullptr)
        return give_up(FailureKind::source,
                       "There is no decoder for " + codec_name(stream.codecpar->codec_id) + ".");
    Av<AVCodecContext> context(avcodec_alloc_context3(codec));
    if (!context) throw std::bad_alloc();
    int error = avcodec_parameters_to_context(context.get(), stream.codecpar);
    if (error >= 0) {
        context->pkt_timebase = stream.time_base;
        context->thread_count = threads;
        context->max_pixels = std::int64_t{limits.width} * limits.height;
        error = avcodec_open2(context.get(), codec, nullptr);
    }
    if (error < 0)
        return av_failure(error, FailureKind::source, "The file is broken: a stream's head is unreadable.");
    constexpr std::int64_t kMostASecond = 1000;
    return Decoder(std::move(context), stream.time_base, kMostASecond * limits.duration_seconds);
}

Outcome<void> Decoder::feed(const AVPacket* packet, const OnFrame& on_frame) {
    for (;;) {
        const int error = avcodec_send_packet(context_.get(), packet);
        if (error == AVERROR(ENOMEM)) return av_failure(error, FailureKind::limit, {});
        if (error < 0 && error != AVERROR(EAGAIN) && error != AVERROR_EOF) ++errors_;
        for (bool more = true; more;) {
            const auto received = receive(on_frame);
            if (!received) return std::unexpected(received.error());
            more = *received;
        }
        if (error != AVERROR(EAGAIN)) return {};
    }
}

Outcome<bool> Decoder::receive(const OnFrame& on_frame) {
    const int error = avcodec_receive_frame(context_.get(), frame_.get());
    if (error == AVERROR(EAGAIN) || error == AVERROR_EOF) return false;
    if (error == AVERROR(ENOMEM)) return av_failure(error, FailureKind::limit, {});
    if (error < 0) {
        ++errors_;
        return true;
    }
    if (++frames_ > most_frames_)
        return give_up(FailureKind::limit, "The file holds more pictures or sounds than are accepted.");
    const auto done = on_frame(*frame_);
    av_frame_unref(frame_.get());
    if (!done) return std::unexpected(done.error());
    return true;
}

std::int64_t Decoder::time(const AVFrame& frame) const noexcept {
    const std::int64_t ticks = frame.best_effort_timestamp;
    return ticks == AV_NOPTS_VALUE ? ticks : av_rescale_q(ticks, time_base_, kMicro);
}

std::int64_t Decoder::duration(const AVFrame& frame) const noexcept {
    return frame.pkt_duration > 0 ? av_rescale_q(frame.pkt_duration, time_base_, kMicro) : 0;
}

}  // namespace mezz::worker
