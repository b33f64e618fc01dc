#include "media/codec.hpp"

namespace mezz::media {
namespace {

constexpr std::uint32_t kStartCode = 1;

bool append_parameter_sets(ByteReader& in, unsigned count, std::vector<std::byte>& out) {
    ByteWriter writer(out);
    for (unsigned i = 0; i < count; ++i) {
        const Bytes nal = in.take(in.u16());
        if (!in.ok() || nal.empty()) return false;
        writer.u32(kStartCode);
        writer.bytes(nal);
    }
    return true;
}

}  // namespace

Result<AvcConfig> parse_avc_config(Bytes avcc) {
    ByteReader in(avcc);
    const unsigned version = in.u8();
    AvcConfig config;
    config.profile = in.u8();
    config.compatibility = in.u8();
    config.level = in.u8();
    config.nal_length_size = static_cast<std::uint8_t>((in.u8() & 3U) + 1);
    const unsigned sps_count = in.u8() & 0x1FU;
    if (!in.ok() || version != 1) return fail(ErrorCode::bad_media, "avcC: not version 1");
    if (config.nal_length_size == 3) return fail(ErrorCode::bad_media, "avcC: NAL length size is 3");
    if (!append_parameter_sets(in, sps_count, config.parameter_sets))
        return fail(ErrorCode::bad_media, "avcC: an SPS exceeds the box");
    const unsigned pps_count = in.u8();
    if (!in.ok() || !append_parameter_sets(in, pps_count, config.parameter_sets))
        return fail(ErrorCode::bad_media, "avcC: a PPS exceeds the box");
    config.sets_in_pictures = sps_count == 0 || pps_count == 0;
    return config;
}

std::string codec_string(const AvcConfig& config) {
    constexpr char kHex[] = "0123456789abcdef";
    std::string text = "avc1.";
    for (const unsigned byte : {config.profile, config.compatibility, config.level}) {
        text += kHex[byte >> 4];
        text += kHex[byte & 15U];
    }
    return text;
}

Result<CodecDetails> read_avc(Bytes avcc) {
    auto config = parse_avc_config(avcc);
    if (!config) return std::unexpected(config.error());
    CodecDetails details;
    details.codec_string = codec_string(*config);
    details.nal_length_size = config->nal_length_size;
    details.sets_in_pictures = config->sets_in_pictures;
    details.reordered_pictures = reordered_pictures(config->parameter_sets);
    details.color = avc_color(config->parameter_sets);
    details.parameter_sets = std::move(config->parameter_sets);
    return details;
}

}  // namespace mezz::media
