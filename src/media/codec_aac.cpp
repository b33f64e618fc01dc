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

// The expandable length of a descriptor: at most four bytes with seven bits each.
std::uint32_t read_descriptor_length(ByteReader& in) noexcept {
    std::uint32_t length = 0;
    for (int i = 0; i < 4; ++i) {
        const std::uint32_t byte = in.u8();
        length = length << 7 | (byte & 0x7FU);
        if ((byte & 0x80U) == 0) break;
    }
    return length;
}

Result<Bytes> decoder_specific_info(Bytes decoder_config) {
    ByteReader in(decoder_config);
    const unsigned object_type_indication = in.u8();
    in.skip(12);
    const bool aac =
        object_type_indication == 0x40 || (object_type_indication >= 0x66 && object_type_indication <= 0x68);
    if (!aac) return fail(ErrorCode::unsupported, "esds: object type is not AAC");
    if (in.u8() != 5) return fail(ErrorCode::bad_media, "esds: DecoderSpecificInfo is missing");
    const Bytes info = in.take(read_descriptor_length(in));
    if (!in.ok() || info.empty())
        return fail(ErrorCode::bad_media, "esds: DecoderSpecificInfo exceeds the box");
    return info;
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
    if (config.object_type == 5 || config.object_type == 29) {
        if (in.bits(4) == 15) (void)in.bits(24);
        config.object_type = read_object_type(in);
    }
    if (!in.ok()) return fail(ErrorCode::bad_media, "esds: AudioSpecificConfig is cut off");
    if (config.object_type < 1 || config.object_type > 4)
        return fail(ErrorCode::unsupported, "esds: audio object type has no ADTS form");
    if (config.channel_configuration < 1 || config.channel_configuration > 7)
        return fail(ErrorCode::unsupported, "esds: channel configuration is not 1 to 7");
    config.channels = config.channel_configuration == 7 ? 8 : config.channel_configuration;
    return config;
}

std::string codec_string(const AacConfig& config) {
    return "mp4a.40." + std::to_string(config.signalled_type);
}

Result<Bytes> audio_specific_config(Bytes esds) {
    ByteReader in(esds);
    in.skip(4);
    if (in.u8() != 3) return fail(ErrorCode::bad_media, "esds: ES_Descriptor is missing");
    ByteReader es(in.take(read_descriptor_length(in)));
    es.skip(2);
    const unsigned flags = es.u8();
    if ((flags & 0x80U) != 0) es.skip(2);
    if ((flags & 0x40U) != 0) es.skip(es.u8());
    if ((flags & 0x20U) != 0) es.skip(2);
    if (es.u8() != 4) return fail(ErrorCode::bad_media, "esds: DecoderConfigDescriptor is missing");
    const Bytes decoder_config = es.take(read_descriptor_length(es));
    if (!in.ok() || !es.ok()) return fail(ErrorCode::bad_media, "esds: a descriptor exceeds the box");
    return decoder_specific_info(decoder_config);
}

}  // namespace mezz::media
