#include "picture_decoder.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <new>

#include "picture_canvas.hpp"

namespace mezz::worker {
namespace {

AVCodecID id_of(media::Codec codec) noexcept {
    switch (codec) {
        case media::Codec::h264:
            return AV_CODEC_ID_H264;
        case media::Codec::hevc:
            return AV_CODEC_ID_HEVC;
        case media::Codec::av1:
            return AV_CODEC_ID_AV1;
        case media::Codec::vp9:
            return AV_CODEC_ID_VP9;
        default:
            return AV_CODEC_ID_NONE;
    }
}

// The decoders that can be told to leave out what nothing else refers to.
bool can_skip(media::Codec codec) noexcept {
    return codec == media::Codec::h264 || codec == media::Codec::hevc;
}

void set_config(AVCodecContext& context, Bytes config) {
    context.extradata = static_cast<std::uint8_t*>(av_mallocz(config.size() + AV_INPUT_BUFFER_PADDING_SIZE));
    if (context.extradata == nullptr) throw std::bad_alloc();
    std::memcpy(context.extradata, config.data(), config.size());
    context.extradata_size = static_cast<int>(config.size());
}

// Whether the picture shrinks so much that nobody sees what the loop filter would have smoothed.
bool is_small(const media::PictureOrder& order) noexcept {
    return order.coded_width != 0 && shown_scale({order.coded_width, order.coded_height}, order) <= 0.5;
}

std::unexpected<Failure> unseen(const char* detail) {
    return give_up(FailureKind::source, "The picture cannot be decoded.", detail);
}

bool is_nearer(const AVFrame& one, const AVFrame& other, std::int64_t wanted) noexcept {
    const bool one_fits = one.pts <= wanted;
    if (one_fits != (other.pts <= wanted)) return one_fits;
    return one_fits ? one.pts > other.pts : one.pts < other.pts;
}

}  // namespace

Outcome<void> PictureDecoder::prepare(const media::PictureOrder& order) {
    constexpr std::int64_t kMostPixels = std::int64_t{8192} * 4352;
    best_.reset();
    if (context_ && codec_ == order.codec && std::ranges::equal(config_, order.config)) {
        avcodec_flush_buffers(context_.get());
        return {};
    }
    const AVCodec* const codec = avcodec_find_decoder(id_of(order.codec));
    if (codec == nullptr) return unseen("no decoder");
    context_.reset(avcodec_alloc_context3(codec));
    if (!context_) throw std::bad_alloc();
    // What the container of VP9 says is not for the decoder.
    if (order.codec != media::Codec::vp9) set_config(*context_, order.config);
    context_->thread_count = 1;
    context_->max_pixels = kMostPixels;
    context_->pkt_timebase = {1, 1000};
    // A stream that begins in the middle has no clean beginning; what can be seen is wanted all the same.
    context_->flags |= AV_CODEC_FLAG_OUTPUT_CORRUPT;
    if (const int error = avcodec_open2(context_.get(), codec, nullptr); error < 0) {
        context_.reset();
        return av_failure(error, FailureKind::source, "The picture cannot be decoded.");
    }
    codec_ = order.codec;
    config_.assign(order.config.begin(), order.config.end());
    return {};
}

Outcome<void> PictureDecoder::feed(Bytes coded, std::int64_t time) {
    const Av<AVPacket> packet = make_packet();
    // Not reference-counted: the decoder makes a copy with the padding that it needs.
    packet->data = reinterpret_cast<std::uint8_t*>(const_cast<std::byte*>(coded.data()));
    packet->size = static_cast<int>(coded.size());
    packet->pts = time;
    const int error = avcodec_send_packet(context_.get(), coded.empty() ? nullptr : packet.get());
    if (error == AVERROR(ENOMEM)) return av_failure(error, FailureKind::limit, {});
    return {};
}

void PictureDecoder::receive(std::int64_t wanted) {
    for (;;) {
        Av<AVFrame> frame = make_frame();
        const int error = avcodec_receive_frame(context_.get(), frame.get());
        if (error == AVERROR(EAGAIN) || error == AVERROR_EOF) return;
        if (error < 0) continue;
        if (!best_ || is_nearer(*frame, *best_, wanted)) best_ = std::move(frame);
    }
}

Outcome<Av<AVFrame>> PictureDecoder::finish(std::int64_t wanted) {
    if (auto ok = feed({}, 0); !ok) return std::unexpected(std::move(ok.error()));
    receive(wanted);
    if (best_) return std::move(best_);
    context_.reset();  // it may be the decoder that is to blame
    return unseen("no picture came out");
}

Outcome<Av<AVFrame>> PictureDecoder::shown_at(const media::PictureOrder& order, Bytes data,
                                              const IsWanted& is_wanted) {
    if (auto ok = prepare(order); !ok) return std::unexpected(std::move(ok.error()));
    const bool rough = is_small(order);
    for (const media::CodedPicture& picture : order.pictures) {
        const bool last = &picture == &order.pictures.back();
        const Bytes coded = data.first(picture.size);
        data = data.subspan(picture.size);
        if (!is_wanted()) return give_up(FailureKind::interrupted, "Nobody waits for the picture.");
        if (coded.empty()) continue;
        context_->skip_loop_filter = last && rough ? AVDISCARD_ALL : AVDISCARD_DEFAULT;
        context_->skip_frame = !last && can_skip(codec_) ? AVDISCARD_NONREF : AVDISCARD_DEFAULT;
        if (auto ok = feed(coded, picture.time); !ok) return std::unexpected(std::move(ok.error()));
        receive(order.time);
    }
    context_->skip_frame = AVDISCARD_DEFAULT;
    return finish(order.time);
}

Outcome<Av<AVFrame>> PictureDecoder::key_frame(const media::PictureOrder& order, Bytes data) {
    if (auto ok = prepare(order); !ok) return std::unexpected(std::move(ok.error()));
    if (data.empty()) return unseen("no bytes");
    context_->skip_loop_filter = is_small(order) ? AVDISCARD_ALL : AVDISCARD_DEFAULT;
    if (auto ok = feed(data, 0); !ok) return std::unexpected(std::move(ok.error()));
    receive(0);
    return finish(0);
}

}  // namespace mezz::worker
