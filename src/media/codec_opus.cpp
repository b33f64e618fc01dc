#include "media/codec.hpp"

namespace mezz::media {

Result<OpusConfig> parse_opus_config(Bytes dops) {
    ByteReader in(dops);
    const unsigned version = in.u8();
    OpusConfig config;
    config.channels = in.u8();
    in.skip(2 + 4 + 2);
    const unsigned family = in.u8();
    config.coupled = config.channels == 2 ? 1 : 0;
    if (family != 0) {
        config.streams = in.u8();
        config.coupled = in.u8();
        in.skip(config.channels);
    }
    if (!in.ok()) return fail(ErrorCode::bad_media, "dOps: box is cut off");
    if (version != 0) return fail(ErrorCode::unsupported, "dOps: not version 0");
    if (config.channels == 0 || (family == 0 && config.channels > 2))
        return fail(ErrorCode::bad_media, "dOps: channel count does not fit its mapping");
    return config;
}

// Opus is always decoded to 48 kHz.
Result<CodecDetails> read_opus(Bytes dops) {
    const auto config = parse_opus_config(dops);
    if (!config) return std::unexpected(config.error());
    CodecDetails details;
    details.codec_string = "Opus";
    details.audio.channels = config->channels;
    details.audio.sample_rate = 48000;
    return details;
}

}  // namespace mezz::media
