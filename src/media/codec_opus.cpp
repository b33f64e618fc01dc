#include "media/codec.hpp"

namespace mezz::media {

// OpusSpecificBox ("Encapsulation of Opus in ISO Base Media File Format" §4.3.2). Opus is always decoded to
// 48 kHz.
Result<CodecDetails> read_opus(Bytes dops) {
    ByteReader in(dops);
    const unsigned version = in.u8();
    CodecDetails details;
    details.codec_string = "Opus";
    details.audio.channels = in.u8();
    details.audio.sample_rate = 48000;
    in.skip(2 + 4 + 2);
    const unsigned family = in.u8();
    if (family != 0) in.skip(2U + details.audio.channels);
    if (!in.ok()) return fail(ErrorCode::bad_media, "dOps: box is cut off");
    if (version != 0) return fail(ErrorCode::unsupported, "dOps: not version 0");
    if (details.audio.channels == 0 || (family == 0 && details.audio.channels > 2))
        return fail(ErrorCode::bad_media, "dOps: channel count does not fit its mapping");
    return details;
}

}  // namespace mezz::media
