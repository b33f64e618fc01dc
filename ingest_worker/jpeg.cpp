#include "jpeg.hpp"

#include <algorithm>
#include <array>
#include <csetjmp>
#include <cstdio>  // jpeglib.h needs it
#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>

#include <jpeglib.h>

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

Av<AVFrame> make_blank(Size size) {
    Av<AVFrame> canvas = make_frame();
    canvas->format = AV_PIX_FMT_YUVJ420P;
    canvas->width = size.width;
    canvas->height = size.height;
    canvas->color_range = AVCOL_RANGE_JPEG;
    if (av_frame_get_buffer(canvas.get(), 0) < 0) throw std::bad_alloc();
    return canvas;
}

Av<AVFrame> make_canvas(Size size) {
    Av<AVFrame> canvas = make_blank(size);
    const auto fill = [&canvas](int plane, int lines, int value) {
        std::memset(canvas->data[plane], value, static_cast<std::size_t>(canvas->linesize[plane] * lines));
    };
    constexpr int kNeutral = 128;
    fill(0, size.height, 0);
    fill(1, (size.height + 1) / 2, kNeutral);
    fill(2, (size.height + 1) / 2, kNeutral);
    return canvas;
}

namespace {

// libjpeg ends the program where nobody takes its errors.
struct JpegErrors {
    jpeg_error_mgr manager;
    std::jmp_buf way_out;
};

[[noreturn]] void leave(j_common_ptr codec) {
    std::longjmp(reinterpret_cast<JpegErrors*>(codec->err)->way_out, 1);
}

void be_silent(j_common_ptr /*codec*/) {}

// libjpeg reads whole blocks: what lies behind the last pixel is made like it, so that it leaves no trace.
void extend_lines(const AVFrame& canvas, int plane, int width, int lines) {
    constexpr int kBlock = DCTSIZE;
    const int end = (width + kBlock - 1) / kBlock * kBlock;
    for (int y = 0; y < lines; ++y) {
        std::uint8_t* const line = canvas.data[plane] + std::ptrdiff_t{y} * canvas.linesize[plane];
        std::memset(line + width, line[width - 1], static_cast<std::size_t>(end - width));
    }
}

// Lines come sixteen at a time, with their colours at half the resolution; the last ones are repeated.
void write_lines(jpeg_compress_struct& jpeg, const AVFrame& canvas, int height) {
    constexpr int kLines = 2 * DCTSIZE;
    std::array<JSAMPROW, kLines> luma{};
    std::array<JSAMPROW, DCTSIZE> blue{};
    std::array<JSAMPROW, DCTSIZE> red{};
    std::array<JSAMPARRAY, 3> planes{luma.data(), blue.data(), red.data()};
    extend_lines(canvas, 0, canvas.width, height);
    extend_lines(canvas, 1, (canvas.width + 1) / 2, (height + 1) / 2);
    extend_lines(canvas, 2, (canvas.width + 1) / 2, (height + 1) / 2);
    for (int y = 0; y < height; y += kLines) {
        for (int i = 0; i < kLines; ++i)
            luma[static_cast<std::size_t>(i)] =
                canvas.data[0] + std::ptrdiff_t{std::min(y + i, height - 1)} * canvas.linesize[0];
        for (int i = 0; i < DCTSIZE; ++i) {
            const std::ptrdiff_t line = std::min(y / 2 + i, (height - 1) / 2);
            blue[static_cast<std::size_t>(i)] = canvas.data[1] + line * canvas.linesize[1];
            red[static_cast<std::size_t>(i)] = canvas.data[2] + line * canvas.linesize[2];
        }
        jpeg_write_raw_data(&jpeg, planes.data(), kLines);
    }
}

// False if libjpeg gave up. Nothing in it may need a destructor: errors jump out of it.
bool compress(const AVFrame& canvas, int height, int quality, unsigned char*& out, unsigned long& size) {
    jpeg_compress_struct jpeg;
    JpegErrors errors;
    jpeg.err = jpeg_std_error(&errors.manager);
    errors.manager.error_exit = leave;
    errors.manager.output_message = be_silent;
    if (setjmp(errors.way_out) != 0) {
        jpeg_destroy_compress(&jpeg);
        return false;
    }
    jpeg_create_compress(&jpeg);
    jpeg_mem_dest(&jpeg, &out, &size);
    jpeg.image_width = static_cast<JDIMENSION>(canvas.width);
    jpeg.image_height = static_cast<JDIMENSION>(height);
    jpeg.input_components = 3;
    jpeg.in_color_space = JCS_YCbCr;
    jpeg_set_defaults(&jpeg);
    jpeg_set_quality(&jpeg, quality, TRUE);
    jpeg.raw_data_in = TRUE;
    jpeg_start_compress(&jpeg, TRUE);
    write_lines(jpeg, canvas, height);
    jpeg_finish_compress(&jpeg);
    jpeg_destroy_compress(&jpeg);
    return true;
}

}  // namespace

Outcome<std::vector<std::byte>> encode_jpeg(const AVFrame& canvas, int height, int quality) {
    unsigned char* out = nullptr;
    unsigned long size = 0;
    const bool made = compress(canvas, height, quality, out, size);
    const std::unique_ptr<unsigned char, decltype(&std::free)> owner(out, &std::free);
    if (!made) return give_up(FailureKind::internal, "A thumbnail could not be made.", "libjpeg");
    const auto* const bytes = reinterpret_cast<const std::byte*>(out);
    return std::vector<std::byte>(bytes, bytes + size);
}

}  // namespace mezz::worker
