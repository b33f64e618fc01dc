#include "audio_encoder.hpp"

extern "C" {
#include <libavutil/opt.h>
}

#include <cerrno>
#include <cmath>

namespace mezz::worker {

Av<AVFrame> make_audio_frame(int samples, int channels) {
    Av<AVFrame> frame = make_frame();
    frame->format = AV_SAMPLE_FMT_FLTP;
    frame->sample_rate = kAudioRate;
    frame->nb_samples = samples;
    av_channel_layout_default(&frame->ch_layout, channels);
    if (av_frame_get_buffer(frame.get(), 0) < 0) throw std::bad_alloc();
    return frame;
}

Outcome<AudioEncoder> AudioEncoder::open(const OutputFiles& files, const AudioPlan& plan,
                                         double fragment_length) {
    constexpr int kStereoRate = 128000;
    constexpr int kSurroundRate = 384000;
    const bool surround = plan.channels > 2;
    const auto refuse = [](int error) {
        return av_failure(error, FailureKind::system, "The audio encoder could not be started.");
    };
    const AVCodec* const codec = avcodec_find_encoder_by_name(surround ? "eac3" : "aac");
    if (codec == nullptr) return refuse(AVERROR_ENCODER_NOT_FOUND);
    Av<AVCodecContext> context(avcodec_alloc_context3(codec));
    if (!context) throw std::bad_alloc();
    context->bit_rate = surround ? kSurroundRate : kStereoRate;
    context->sample_rate = kAudioRate;
    context->sample_fmt = AV_SAMPLE_FMT_FLTP;
    context->time_base = {1, kAudioRate};
    if (!surround) context->profile = FF_PROFILE_AAC_LOW;
    context->thread_count = 1;
    context->flags |= AV_CODEC_FLAG_GLOBAL_HEADER | AV_CODEC_FLAG_BITEXACT;
    av_channel_layout_default(&context->ch_layout, plan.channels);
    if (plan.quick && !surround) (void)av_opt_set(context->priv_data, "aac_coder", "fast", 0);
    if (const int error = avcodec_open2(context.get(), codec, nullptr); error < 0) return refuse(error);
    const std::string& language = plan.track.language.code;
    auto writer = MezzanineWriter::open(files, *context, kAudioRate, language == "und" ? "" : language);
    if (!writer) return std::unexpected(std::move(writer.error()));
    std::optional<LoudnessMeter> meter;
    if (!plan.quick) {
        auto opened = LoudnessMeter::open(kAudioRate, plan.channels);
        if (!opened) return std::unexpected(std::move(opened.error()));
        meter = std::move(*opened);
    }
    return AudioEncoder(plan.name, fragment_length, std::move(context), std::move(*writer), std::move(meter));
}

Outcome<void> AudioEncoder::add(AVFrame& samples) {
    if (meter_)
        if (auto ok = meter_->add(samples); !ok) return ok;
    samples.pts = position_;
    position_ += samples.nb_samples;
    return encode(&samples);
}

// A fragment begins with the first packet that is heard half a packet before the video's keyframe or later.
bool AudioEncoder::begins_fragment(const AVPacket& packet) noexcept {
    const std::int64_t boundary =
        std::llround(fragment_length_ * static_cast<double>(next_fragment_) * kAudioRate);
    if (packet.pts < boundary - context_->frame_size / 2) return false;
    ++next_fragment_;
    return true;
}

Outcome<void> AudioEncoder::encode(AVFrame* samples) {
    int error = avcodec_send_frame(context_.get(), samples);
    while (error >= 0) {
        error = avcodec_receive_packet(context_.get(), packet_.get());
        if (error == AVERROR(EAGAIN) || error == AVERROR_EOF) return {};
        if (error < 0) break;
        packet_->duration = context_->frame_size;
        auto ok = writer_->write(*packet_, begins_fragment(*packet_));
        av_packet_unref(packet_.get());
        if (!ok) return ok;
    }
    return av_failure(error, FailureKind::internal, "Sound could not be encoded.");
}

Outcome<void> AudioEncoder::finish() {
    if (auto ok = encode(nullptr); !ok) return ok;
    return writer_->finish(name_ + ".mp4");
}

}  // namespace mezz::worker
