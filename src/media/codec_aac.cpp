#include <array>

#include "core/bit_reader.hpp"
#include "media/codec.hpp"

namespace mezz::media {
namespace {

constexpr std::array<std::uint32_t, 13> kSampleRates = {96000, 88200, 64000, 48000, 44100, 32000, 24000,
                                                        22050, 16000, 12000, 11025, 8000,  7350};

std::uint8_t read_object_type(BitReader& in) noexcept {
    const std::uint32_t type = in.bits(5);
    return static_cast<std::uint8_t>(type == 31 ? 32 + in.bits(6) : type);
}

// The rate of an SBR layer: of the table, or 24 bits.
std::uint32_t read_extension_rate(BitReader& in) noexcept {
    const std::uint32_t index = in.bits(4);
    if (index == 15) return in.bits(24);
    return index < kSampleRates.size() ? kSampleRates[index] : 0;
}

// GASpecificConfig, then perhaps SBR and PS, where decoders that know neither stop reading (ISO/IEC 14496-3
// §1.6.2.1, §1.6.6.2).
void read_trailing_extension(BitReader in, AacConfig& config) noexcept {
    in.skip(1);
    if (in.flag()) in.skip(14);
    in.skip(1);
    constexpr std::uint32_t kSbrSync = 0x2B7;
    constexpr std::uint32_t kPsSync = 0x548;
    if (in.bits(11) != kSbrSync || read_object_type(in) != 5 || !in.flag()) return;
    const std::uint32_t rate = read_extension_rate(in);
    if (!in.ok() || rate == 0) return;
    config.signalled_type = 5;
    config.output_rate = rate;
    if (in.bits(11) != kPsSync || !in.flag()) return;
    if (in.ok()) config.signalled_type = 29;
}

}  // namespace

Result<AacConfig> parse_aac_config(Bytes specific_config) {
    BitReader in(specific_config);
    AacConfig config;
    config.object_type = config.signalled_type = read_object_type(in);
    config.frequency_index = static_cast<std::uint8_t>(in.bits(4));
    if (config.frequency_index >= kSampleRates.size())
        return fail(ErrorCode::unsupported, "esds: sampling frequency is not in the ADTS table");
    config.sample_rate = kSampleRates[config.frequency_index];
    config.channel_configuration = static_cast<std::uint8_t>(in.bits(4));
    config.output_rate = config.sample_rate;
    if (config.object_type == 5 || config.object_type == 29) {
        const std::uint32_t rate = read_extension_rate(in);
        if (rate != 0) config.output_rate = rate;
        config.object_type = read_object_type(in);
    } else if (config.object_type == 2) {
        read_trailing_extension(in, config);
    }
    if (!in.ok()) return fail(ErrorCode::bad_media, "esds: AudioSpecificConfig is cut off");
    if (config.object_type < 1 || config.object_type > 4)
        return fail(ErrorCode::unsupported, "esds: audio object type has no ADTS form");
    if (config.channel_configuration < 1 || config.channel_configuration > 7)
        return fail(ErrorCode::unsupported, "esds: channel configuration is not 1 to 7");
    config.channels = config.channel_configuration == 7 ? 8 : config.channel_configuration;
    const bool from_one = config.signalled_type == 29 && config.channels == 1;
    config.output_channels = from_one ? 2 : config.channels;
    return config;
}

std::string codec_string(const AacConfig& config) {
    return "mp4a.40." + std::to_string(config.signalled_type);
}

Result<CodecDetails> read_aac(Bytes specific_config) {
    const auto config = parse_aac_config(specific_config);
    if (!config) return std::unexpected(config.error());
    CodecDetails details;
    details.codec_string = codec_string(*config);
    details.audio.sample_rate = config->output_rate;
    details.audio.channels = config->output_channels;
    details.audio.aac = *config;
    return details;
}

}  // namespace mezz::media
