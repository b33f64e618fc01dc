#include "jpeg.hpp"

#include <cstring>
#include <new>

namespace mezz::worker {

Outcome<void> JpegScaler::draw(const AVFrame& picture, AVFrame& canvas, int x, int y) {
    if (!scaler_) {
        scaler_.reset(sws_getContext(
            picture.width, picture.height, static_cast<AVPixelFormat>(picture.format), to_.width, to_.height,
            AV_PIX_FMT_YUVJ420P, SWS_AREA | SWS_ACCURATE_RND, nullptr, nullptr, nullptr));
        if (!scaler_) return give_up(FailureKind::internal, "A thumbnail could not be made.");
        constexpr int kOne = 1 << 16;
        const int from = color_.matrix == AVCOL_SPC_BT709 ? SWS_CS_ITU709 : SWS_CS_ITU601;
        sws_setColorspaceDetails(scaler_.get(), sws_getCoefficients(from), 0,
                                 sws_getCoefficients(SWS_CS_ITU601), 1, 0, kOne, kOne);
    }
    std::uint8_t* planes[4] = {canvas.data[0] + y * canvas.linesize[0] + x,
                               canvas.data[1] + y / 2 * canvas.linesize[1] + x / 2,
                               canvas.data[2] + y / 2 * canvas.linesize[2] + x / 2, nullptr};
    sws_scale(scaler_.get(), picture.data, picture.linesize, 0, picture.height, planes, canvas.linesize);
    return {};
}

Av<AVFrame> make_canvas(Size size) {
    Av<AVFrame> canvas = make_frame();
    canvas->format = AV_PIX_FMT_YUVJ420P;
    canvas->width = size.width;
    canvas->height = size.height;
    canvas->color_range = AVCOL_RANGE_JPEG;
    if (av_frame_get_buffer(canvas.get(), 0) < 0) throw std::bad_alloc();
    const auto fill = [&canvas](int plane, int lines, int value) {
        std::memset(canvas->data[plane], value, static_cast<std::size_t>(canvas->linesize[plane] * lines));
    };
    constexpr int kNeutral = 128;
    fill(0, size.height, 0);
    fill(1, (size.height + 1) / 2, kNeutral);
    fill(2, (size.height + 1) / 2, kNeutral);
    return canvas;
}

Outcome<std::vector<std::byte>> encode_jpeg(const AVFrame& canvas, int height, int quality) {
    const auto refuse = [](int error) {
        return av_failure(error, FailureKind::internal, "A thumbnail could not be made.");
    };
    const AVCodec* const codec = avcodec_find_encoder(AV_CODEC_ID_MJPEG);
    if (codec == nullptr) return refuse(AVERROR_ENCODER_NOT_FOUND);
    Av<AVCodecContext> context(avcodec_alloc_context3(codec));
    if (!context) throw std::bad_alloc();
    context->width = canvas.width;
    context->height = height;
    context->pix_fmt = AV_PIX_FMT_YUVJ420P;
    context->color_range = AVCOL_RANGE_JPEG;
    context->time_base = {1, 1};
    context->thread_count = 1;
    context->flags |= AV_CODEC_FLAG_QSCALE | AV_CODEC_FLAG_BITEXACT;
    context->global_quality = quality * FF_QP2LAMBDA;
    int error = avcodec_open2(context.get(), codec, nullptr);
    if (error < 0) return refuse(error);
    const Av<AVFrame> frame = share(canvas);
    frame->height = height;
    frame->pts = 0;
    frame->quality = context->global_quality;
    const Av<AVPacket> packet = make_packet();
    error = avcodec_send_frame(context.get(), frame.get());
    if (error >= 0) error = avcodec_receive_packet(context.get(), packet.get());
    if (error < 0) return refuse(error);
    const auto* const bytes = reinterpret_cast<const std::byte*>(packet->data);
    return std::vector<std::byte>(bytes, bytes + packet->size);
}

}  // namespace mezz::worker
