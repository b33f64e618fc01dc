// What src/media makes in place of sound that begins late: libavcodec decodes it to nothing but zeros, and
// has nothing to say of it.
#include <algorithm>
#include <array>
#include <span>

#include "av.hpp"
#include "check.hpp"
#include "core/bytes.hpp"
#include "media/silent_aac.hpp"
#include "media/silent_ac3.hpp"
#include "media/silent_flac.hpp"
#include "media/silent_mp3.hpp"
#include "media/silent_opus.hpp"

namespace test = mezz::test;
namespace media = mezz::media;
namespace worker = mezz::worker;
using Buffer = std::vector<std::byte>;

namespace {

constexpr int kPackets = 3;
int warnings = 0;

void count_warning(void* /*who*/, int level, const char* format, va_list values) {
    if (level > AV_LOG_WARNING) return;
    ++warnings;
    vfprintf(stderr, format, values);
}

struct Heard {
    int frames = 0;
    int samples = 0;  // of each
    int rate = 0;
    int channels = 0;
    bool silent = true;

    bool operator==(const Heard&) const = default;
};

Heard silence(int samples, std::uint32_t rate, unsigned channels) {
    return {kPackets, samples, static_cast<int>(rate), static_cast<int>(channels), true};
}

// Zeros; of floating point also negative ones.
bool is_silent(const AVFrame& frame) {
    const auto format = static_cast<AVSampleFormat>(frame.format);
    const bool planar = av_sample_fmt_is_planar(format) != 0;
    const int channels = frame.ch_layout.nb_channels;
    const int size = av_get_bytes_per_sample(format) * frame.nb_samples * (planar ? 1 : channels);
    const bool is_float = av_get_packed_sample_fmt(format) == AV_SAMPLE_FMT_FLT;
    for (int i = 0; i < (planar ? channels : 1); ++i) {
        const std::span plane(frame.extended_data[i], static_cast<std::size_t>(size));
        for (std::size_t at = 0; at < plane.size(); ++at)
            if (plane[at] != 0 && !(is_float && at % 4 == 3 && plane[at] == 0x80)) return false;
    }
    return true;
}

Heard heard_of(AVCodecContext& decoder, const Buffer& bytes) {
    Heard heard;
    const auto packet = worker::make_packet();
    const auto frame = worker::make_frame();
    for (int i = 0; i < kPackets; ++i) {
        if (av_new_packet(packet.get(), static_cast<int>(bytes.size())) < 0) return {};
        std::ranges::copy(bytes, reinterpret_cast<std::byte*>(packet->data));
        if (avcodec_send_packet(&decoder, packet.get()) < 0) return {};
        av_packet_unref(packet.get());
        while (avcodec_receive_frame(&decoder, frame.get()) >= 0) {
            ++heard.frames;
            heard.samples = frame->nb_samples;
            heard.rate = frame->sample_rate;
            heard.channels = frame->ch_layout.nb_channels;
            heard.silent = heard.silent && is_silent(*frame);
        }
    }
    return heard;
}

Heard decode(AVCodecID codec, const Buffer& bytes, const Buffer& config = {}) {
    const AVCodec* const known = avcodec_find_decoder(codec);
    const worker::Av<AVCodecContext> decoder(avcodec_alloc_context3(known));
    decoder->err_recognition = AV_EF_CRCCHECK | AV_EF_BITSTREAM | AV_EF_BUFFER | AV_EF_EXPLODE;
    if (!config.empty()) {
        decoder->extradata =
            static_cast<std::uint8_t*>(av_mallocz(config.size() + AV_INPUT_BUFFER_PADDING_SIZE));
        decoder->extradata_size = static_cast<int>(config.size());
        std::ranges::copy(config, reinterpret_cast<std::byte*>(decoder->extradata));
    }
    if (avcodec_open2(decoder.get(), known, nullptr) < 0) return {};
    return heard_of(*decoder, bytes);
}

Buffer config(std::initializer_list<unsigned> bytes) {
    Buffer out;
    for (const unsigned b : bytes)
        out.push_back(static_cast<std::byte>(b));
    return out;
}

constexpr std::array<unsigned, 8> kDolbyChannels = {2, 1, 2, 3, 3, 4, 4, 5};

Buffer stream_info(const media::FlacStreamInfo& stream) {
    Buffer out;
    mezz::ByteWriter to(out);
    to.u16(stream.min_block);
    to.u16(stream.max_block);
    to.zeros(6);
    to.u64(std::uint64_t{stream.sample_rate} << 44 | std::uint64_t{stream.channels - 1U} << 41 |
           std::uint64_t{stream.sample_bits - 1U} << 36);
    to.zeros(16);
    return out;
}

}  // namespace

static const char* aac() {
    for (unsigned n = 1; n <= 7; ++n) {
        const unsigned specific = 2U << 11 | 3U << 7 | n << 3;  // 48 kHz
        const Heard heard =
            decode(AV_CODEC_ID_AAC, media::silent_aac(n), config({specific >> 8, specific & 255U}));
        MEZZ_CHECK(heard == silence(1024, 48000, n == 7 ? 8 : n));
    }
    return test::kFine;
}

static const char* mp3() {
    for (const std::uint32_t rate : {48000U, 44100U, 32000U, 24000U, 22050U, 16000U})
        for (const unsigned channels : {1U, 2U})
            MEZZ_CHECK(decode(AV_CODEC_ID_MP3, media::silent_mp3(rate, channels)) ==
                       silence(rate < 32000 ? 576 : 1152, rate, channels));
    return test::kFine;
}

static const char* flac() {
    for (const std::uint32_t rate : {8000U, 12345U, 22050U, 44100U, 48000U, 96000U, 192000U}) {
        for (const unsigned bits : {8U, 12U, 16U, 20U, 24U}) {
            for (unsigned channels = 1; channels <= 8; ++channels) {
                const media::FlacStreamInfo stream{.min_block = static_cast<std::uint16_t>(channels * 16),
                                                   .max_block = 4096,
                                                   .sample_rate = rate,
                                                   .channels = static_cast<std::uint8_t>(channels),
                                                   .sample_bits = static_cast<std::uint8_t>(bits)};
                MEZZ_CHECK(decode(AV_CODEC_ID_FLAC, media::silent_flac(stream), stream_info(stream)) ==
                           silence(4096, rate, channels));
            }
        }
    }
    const media::FlacStreamInfo usual{4608, 4608, 48000, 1, 16};
    MEZZ_CHECK(decode(AV_CODEC_ID_FLAC, media::silent_flac(usual), stream_info(usual)) ==
               silence(4608, 48000, 1));
    return test::kFine;
}

static const char* ac3() {
    constexpr std::array<std::uint32_t, 3> kRates = {48000, 44100, 32000};
    for (unsigned n = 0; n < 3U * 16U * 19U; ++n) {
        const media::Ac3Config stream{.fscod = static_cast<std::uint8_t>(n % 3),
                                      .bsid = 8,
                                      .acmod = static_cast<std::uint8_t>(n / 3 % 8),
                                      .lfe = n / 24 % 2 == 1,
                                      .bit_rate_code = static_cast<std::uint8_t>(n / 48)};
        MEZZ_CHECK(
            decode(AV_CODEC_ID_AC3, media::silent_ac3(stream)) ==
            silence(1536, kRates[stream.fscod], kDolbyChannels[stream.acmod] + (stream.lfe ? 1U : 0U)));
    }
    return test::kFine;
}

static const char* eac3() {
    for (unsigned n = 0; n < 16; ++n) {
        const media::Eac3Config stream{.acmod = static_cast<std::uint8_t>(n % 8), .lfe = n >= 8};
        MEZZ_CHECK(decode(AV_CODEC_ID_EAC3, media::silent_eac3(stream)) ==
                   silence(1536, 48000, kDolbyChannels[stream.acmod] + (stream.lfe ? 1U : 0U)));
    }
    return test::kFine;
}

// OpusHead (RFC 7845 §5.1) of mono and of 5.1.
static const char* opus() {
    const Buffer head = config({'O', 'p', 'u', 's', 'H', 'e', 'a', 'd', 1});
    const auto with = [&head](std::initializer_list<unsigned> more) {
        Buffer out = head;
        const Buffer rest = config(more);
        out.insert(out.end(), rest.begin(), rest.end());
        return out;
    };
    MEZZ_CHECK(decode(AV_CODEC_ID_OPUS, media::silent_opus(1, 0), with({1, 0, 0, 0, 0, 0, 0, 0, 0, 0})) ==
               silence(960, 48000, 1));
    MEZZ_CHECK(decode(AV_CODEC_ID_OPUS, media::silent_opus(4, 2),
                      with({6, 0, 0, 0, 0, 0, 0, 0, 0, 1, 4, 2, 0, 4, 1, 2, 3, 5})) ==
               silence(960, 48000, 6));
    return test::kFine;
}

static const char* nothing_is_said() {
    MEZZ_CHECK(warnings == 0);
    return test::kFine;
}

int main() {
    av_log_set_callback(count_warning);
    const CMUnitTest tests[] = {
        MEZZ_CHECKED(aac),  MEZZ_CHECKED(mp3),  MEZZ_CHECKED(flac),           MEZZ_CHECKED(ac3),
        MEZZ_CHECKED(eac3), MEZZ_CHECKED(opus), MEZZ_CHECKED(nothing_is_said)};
    return cmocka_run_group_tests_name("silent frames", tests, nullptr, nullptr);
}
