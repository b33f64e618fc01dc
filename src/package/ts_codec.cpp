#include "package/ts_codec.hpp"

#include <algorithm>
#include <array>

#include "package/adts.hpp"
#include "package/ts_estimate.hpp"

namespace mezz::package {
namespace {

using media::Codec;

constexpr std::uint8_t kVideo = 0xE0;
constexpr std::uint8_t kMpegAudio = 0xC0;
constexpr std::uint8_t kPrivate = 0xBD;

// ISO/IEC 13818-1 §2.4.4, ATSC A/52 annex A and G. H.264 and AAC need no registration.
constexpr std::array<TsCodec, 6> kCodecs = {{
    {Codec::h264, 0x1B, kVideo},
    {Codec::hevc, 0x24, kVideo, 0, 0, "HEVC"},
    {Codec::aac, 0x0F, kMpegAudio, kAdtsHeaderSize, kAdtsMaxFrame},
    {Codec::mp3, 0x03, kMpegAudio, 0, kTsMaxAudioPesPayload},
    {Codec::ac3, 0x81, kPrivate, 0, kTsMaxAudioPesPayload, "AC-3"},
    {Codec::eac3, 0x87, kPrivate, 0, kTsMaxAudioPesPayload, "EAC3"},
}};

}  // namespace

const TsCodec* ts_codec(Codec codec) noexcept {
    const auto found = std::ranges::find(kCodecs, codec, &TsCodec::codec);
    return found == kCodecs.end() ? nullptr : &*found;
}

std::uint8_t ts_stream_type(Codec codec, std::uint32_t sample_rate) noexcept {
    constexpr std::uint32_t kLowestOfMpeg1 = 32000;
    constexpr std::uint8_t kMpeg2Audio = 0x04;
    if (codec == Codec::mp3 && sample_rate < kLowestOfMpeg1) return kMpeg2Audio;
    const TsCodec* carried = ts_codec(codec);
    return carried == nullptr ? 0 : carried->stream_type;
}

TsVideoTrack::Codec ts_video_codec(Codec codec) noexcept {
    return codec == Codec::hevc ? TsVideoTrack::Codec::hevc : TsVideoTrack::Codec::h264;
}

}  // namespace mezz::package
