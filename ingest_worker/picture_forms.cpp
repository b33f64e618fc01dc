#include "picture_forms.hpp"

#include <algorithm>
#include <array>
#include <functional>
#include <new>
#include <utility>

#include "jpeg.hpp"

namespace mezz::worker {
namespace {

constexpr int kBlock = 8;

// Means, variances and covariance of a block make its similarity.
double block_similarity(const std::uint8_t* one, std::ptrdiff_t one_line, const std::uint8_t* other,
                        std::ptrdiff_t other_line) noexcept {
    constexpr double kCount = kBlock * kBlock;
    constexpr double kC1 = 0.01 * 255 * 0.01 * 255;
    constexpr double kC2 = 0.03 * 255 * 0.03 * 255;
    int sum = 0;
    int other_sum = 0;
    int squares = 0;
    int products = 0;
    for (int y = 0; y < kBlock; ++y, one += one_line, other += other_line) {
        for (int x = 0; x < kBlock; ++x) {
            sum += one[x];
            other_sum += other[x];
            squares += one[x] * one[x] + other[x] * other[x];
            products += one[x] * other[x];
        }
    }
    const double mean = sum / kCount;
    const double other_mean = other_sum / kCount;
    const double variances = squares / kCount - mean * mean - other_mean * other_mean;
    const double covariance = products / kCount - mean * other_mean;
    return (2 * mean * other_mean + kC1) * (2 * covariance + kC2) /
           ((mean * mean + other_mean * other_mean + kC1) * (variances + kC2));
}

// A coded picture: as a decoder takes it, and as a file.
struct Coded {
    Av<AVPacket> packet;
    std::vector<std::byte> file;
};

Av<AVPacket> encode(const char* name, const AVFrame& picture, Options& options) {
    const AVCodec* const codec = avcodec_find_encoder_by_name(name);
    if (codec == nullptr) return {};
    Av<AVCodecContext> context(avcodec_alloc_context3(codec));
    if (!context) throw std::bad_alloc();
    context->width = picture.width;
    context->height = picture.height;
    context->pix_fmt = static_cast<AVPixelFormat>(picture.format);
    context->color_range = picture.color_range;
    context->colorspace = picture.colorspace;
    context->color_primaries = picture.color_primaries;
    context->color_trc = picture.color_trc;
    context->time_base = {1, 1};
    context->thread_count = 1;
    context->flags |= AV_CODEC_FLAG_BITEXACT;
    if (avcodec_open2(context.get(), codec, options.get()) < 0) return {};
    Av<AVPacket> packet = make_packet();
    if (avcodec_send_frame(context.get(), &picture) < 0 || avcodec_send_frame(context.get(), nullptr) < 0 ||
        avcodec_receive_packet(context.get(), packet.get()) < 0)
        return {};
    return packet;
}

Av<AVFrame> decode(AVCodecID id, const AVPacket& packet) {
    const AVCodec* const codec = avcodec_find_decoder(id);
    if (codec == nullptr) return {};
    Av<AVCodecContext> context(avcodec_alloc_context3(codec));
    if (!context) throw std::bad_alloc();
    context->thread_count = 1;
    Av<AVFrame> frame = make_frame();
    if (avcodec_open2(context.get(), codec, nullptr) < 0 || avcodec_send_packet(context.get(), &packet) < 0 ||
        avcodec_send_packet(context.get(), nullptr) < 0 ||
        avcodec_receive_frame(context.get(), frame.get()) < 0)
        return {};
    return frame;
}

// A file of one AV1 picture (AVIF 1.1, by libavformat); empty if that fails.
std::vector<std::byte> avif_file(const AVFrame& picture, const AVPacket& packet) {
    AVFormatContext* made = nullptr;
    if (avformat_alloc_output_context2(&made, nullptr, "avif", nullptr) < 0) return {};
    const AvMuxer muxer(made);
    AVStream* const stream = avformat_new_stream(muxer.get(), nullptr);
    if (stream == nullptr || avio_open_dyn_buf(&muxer->pb) < 0) throw std::bad_alloc();
    AVCodecParameters& parameters = *stream->codecpar;
    parameters.codec_type = AVMEDIA_TYPE_VIDEO;
    parameters.codec_id = AV_CODEC_ID_AV1;
    parameters.width = picture.width;
    parameters.height = picture.height;
    parameters.format = AV_PIX_FMT_YUV420P;
    parameters.color_range = picture.color_range;
    parameters.color_space = picture.colorspace;
    parameters.color_primaries = picture.color_primaries;
    parameters.color_trc = picture.color_trc;
    // The muxer makes av1C of the sequence header, which the picture begins with; browsers insist on it.
    const auto size_of_header = static_cast<std::size_t>(packet.size);
    parameters.extradata =
        static_cast<std::uint8_t*>(av_mallocz(size_of_header + AV_INPUT_BUFFER_PADDING_SIZE));
    if (parameters.extradata == nullptr) throw std::bad_alloc();
    std::copy_n(packet.data, size_of_header, parameters.extradata);
    parameters.extradata_size = packet.size;
    muxer->flags |= AVFMT_FLAG_BITEXACT;
    const Av<AVPacket> copy(av_packet_clone(&packet));
    if (!copy) throw std::bad_alloc();
    copy->stream_index = 0;
    const bool whole = avformat_write_header(muxer.get(), nullptr) >= 0 &&
                       av_write_frame(muxer.get(), copy.get()) >= 0 && av_write_trailer(muxer.get()) >= 0;
    std::uint8_t* bytes = nullptr;
    const int size = avio_close_dyn_buf(std::exchange(muxer->pb, nullptr), &bytes);
    const auto* const begin = reinterpret_cast<const std::byte*>(bytes);
    std::vector<std::byte> file;
    if (whole) file.assign(begin, begin + size);
    av_free(bytes);
    return file;
}

// Steps of quality, 0 the best; each coder has a scale of its own.
constexpr int kSteps = 16;

Coded encode_webp(const AVFrame& picture, int step) {
    Options options;
    options.set("quality", std::to_string(95 - 3 * step));
    options.set("compression_level", "4");
    Coded coded{encode("libwebp", picture, options), {}};
    if (!coded.packet) return coded;
    const auto* const bytes = reinterpret_cast<const std::byte*>(coded.packet->data);
    coded.file.assign(bytes, bytes + coded.packet->size);
    return coded;
}

Coded encode_avif(const AVFrame& picture, int step) {
    Options options;
    options.set("crf", std::to_string(8 + 3 * step));
    options.set("still-picture", "1");
    options.set("usage", "allintra");
    options.set("cpu-used", "8");
    Coded coded{encode("libaom-av1", picture, options), {}};
    if (coded.packet) coded.file = avif_file(picture, *coded.packet);
    return coded;
}

struct Coder {
    Coded (*encode)(const AVFrame& picture, int step);
    AVCodecID codec;
};

// The smallest file that is as much like the picture as `wanted`, by bisection, or near the last result;
// empty if there is none.
std::vector<std::byte> smallest(const Coder& coder, const AVFrame& picture, double wanted, int& last) {
    std::vector<std::byte> best;
    const auto good = [&](int step) {
        Coded coded = coder.encode(picture, step);
        if (coded.file.empty()) return false;
        const Av<AVFrame> seen = decode(coder.codec, *coded.packet);
        if (!seen || seen->width != picture.width || seen->height != picture.height) return false;
        if (similarity(picture, *seen, picture.height) < wanted) return false;
        best = std::move(coded.file);
        return true;
    };
    if (last >= 0) {
        for (int step = last; step >= std::max(0, last - 1); --step)
            if (good(step)) return best;
        return {};
    }
    int fine = -1;
    for (int above = kSteps; above - fine > 1;) {
        const int middle = (fine + above) / 2;
        (good(middle) ? fine : above) = middle;
    }
    last = fine;
    return best;
}

// The upper lines as a picture of its own; of limited range where the form has no other.
Av<AVFrame> prepared(const AVFrame& canvas, int height, bool limited) {
    Av<AVFrame> whole = share(canvas);
    whole->height = height;
    whole->format = AV_PIX_FMT_YUV420P;
    whole->colorspace = AVCOL_SPC_SMPTE170M;
    whole->color_primaries = AVCOL_PRI_BT709;
    whole->color_trc = AVCOL_TRC_IEC61966_2_1;
    whole->color_range = AVCOL_RANGE_JPEG;
    whole->pts = 0;
    if (!limited) return whole;
    Av<AVFrame> narrow = make_blank({canvas.width, height});
    narrow->format = AV_PIX_FMT_YUV420P;
    narrow->color_range = AVCOL_RANGE_MPEG;
    narrow->pts = 0;
    const auto convert = [&](int plane, int width, int lines, int black, int range) {
        for (std::ptrdiff_t y = 0; y < lines; ++y)
            for (int x = 0; x < width; ++x)
                narrow->data[plane][y * narrow->linesize[plane] + x] = static_cast<std::uint8_t>(
                    black + (canvas.data[plane][y * canvas.linesize[plane] + x] * range + 127) / 255);
    };
    convert(0, canvas.width, height, 16, 219);
    for (const int plane : {1, 2})
        convert(plane, canvas.width / 2, height / 2, 16, 224);
    return narrow;
}

}  // namespace

double similarity(const AVFrame& one, const AVFrame& other, int height) noexcept {
    double sum = 0;
    int count = 0;
    for (std::ptrdiff_t y = 0; y + kBlock <= height; y += kBlock) {
        for (int x = 0; x + kBlock <= one.width; x += kBlock, ++count)
            sum += block_similarity(one.data[0] + y * one.linesize[0] + x, one.linesize[0],
                                    other.data[0] + y * other.linesize[0] + x, other.linesize[0]);
    }
    return count == 0 ? 1 : sum / count;
}

std::vector<PictureForms::Form> PictureForms::make(const AVFrame& picture, int height, Bytes jpeg) {
    const Av<AVPacket> packet = make_packet();
    packet->data = reinterpret_cast<std::uint8_t*>(const_cast<std::byte*>(jpeg.data()));
    packet->size = static_cast<int>(jpeg.size());
    const Av<AVFrame> seen = decode(AV_CODEC_ID_MJPEG, *packet);
    if (!seen || seen->width != picture.width || seen->height != height) return {};
    const double wanted = similarity(picture, *seen, height);
    std::vector<Form> forms;
    const auto add = [&](std::string_view ending, std::vector<std::byte> bytes) {
        if (!bytes.empty() && bytes.size() < jpeg.size()) forms.push_back({ending, std::move(bytes)});
    };
    const Av<AVFrame> limited = prepared(picture, height, true);
    add(".webp", smallest({encode_webp, AV_CODEC_ID_WEBP}, *limited, wanted, webp_));
    const Av<AVFrame> full = prepared(picture, height, false);
    add(".avif", smallest({encode_avif, AV_CODEC_ID_AV1}, *full, wanted, avif_));
    return forms;
}

}  // namespace mezz::worker
