#include <algorithm>
#include <array>

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

}  // namespace mezz::media
