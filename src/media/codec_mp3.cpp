#include <algorithm>
#include <array>

#include "core/bit_reader.hpp"
#include "media/codec.hpp"

namespace mezz::media {

Result<CodecDetails> describe_mp3(std::uint32_t sample_rate, unsigned channels) {
    constexpr std::array<std::uint32_t, 6> kSampleRates = {48000, 44100, 32000, 24000, 22050, 16000};
    if (std::ranges::find(kSampleRates, sample_rate) == kSampleRates.end())
        return fail(ErrorCode::unsupported, "mp4a: sampling rate is none of MPEG audio");
    if (channels < 1 || channels > 2)
        return fail(ErrorCode::unsupported, "mp4a: channel count is none of MPEG audio");
    CodecDetails details;
    details.codec_string = "mp4a.40.34";
    details.audio.sample_rate = sample_rate;
    details.audio.channels = static_cast<std::uint8_t>(channels);
    return details;
}

// ISO/IEC 11172-3 §2.4.1.3, 2.4.2.3.
std::optional<std::uint8_t> mp3_channels(Bytes frame) {
    constexpr unsigned kSync = 0x7FF, kLayer3 = 1, kSingle = 3;
    BitReader in(frame);
    const bool synced = in.bits(11) == kSync;
    in.skip(2);
    const unsigned layer = in.bits(2);
    in.skip(1 + 4 + 2 + 1 + 1);
    const unsigned mode = in.bits(2);
    if (!in.ok() || !synced || layer != kLayer3) return std::nullopt;
    return mode == kSingle ? std::uint8_t{1} : std::uint8_t{2};
}

}  // namespace mezz::media
