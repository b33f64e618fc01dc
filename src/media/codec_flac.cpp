#include "core/bit_reader.hpp"
#include "media/codec.hpp"

namespace mezz::media {

// FLACSpecificBox ("Encapsulation of FLAC in ISO Base Media File Format" §3.3.2): metadata blocks, of which
// STREAMINFO is the first (RFC 9639 §8.2).
Result<FlacStreamInfo> parse_flac_config(Bytes dfla) {
    constexpr unsigned kStreamInfo = 0;
    constexpr std::uint32_t kStreamInfoSize = 34;
    ByteReader in(dfla);
    in.skip(4);
    const unsigned type = in.u8() & 0x7FU;
    const std::uint32_t size = in.u24();
    const Bytes info = in.take(size);
    if (!in.ok()) return fail(ErrorCode::bad_media, "dfLa: a metadata block exceeds the box");
    if (type != kStreamInfo || size != kStreamInfoSize)
        return fail(ErrorCode::bad_media, "dfLa: does not begin with STREAMINFO");
    BitReader bits(info);
    FlacStreamInfo stream;
    stream.min_block = static_cast<std::uint16_t>(bits.bits(16));
    stream.max_block = static_cast<std::uint16_t>(bits.bits(16));
    bits.skip(24 + 24);
    stream.sample_rate = bits.bits(20);
    stream.channels = static_cast<std::uint8_t>(bits.bits(3) + 1);
    stream.sample_bits = static_cast<std::uint8_t>(bits.bits(5) + 1);
    if (stream.sample_rate == 0) return fail(ErrorCode::bad_media, "dfLa: sampling rate is 0");
    return stream;
}

Result<CodecDetails> read_flac(Bytes dfla) {
    const auto stream = parse_flac_config(dfla);
    if (!stream) return std::unexpected(stream.error());
    CodecDetails details;
    details.codec_string = "fLaC";
    details.audio.sample_rate = stream->sample_rate;
    details.audio.channels = stream->channels;
    details.audio.sample_bits = stream->sample_bits;
    return details;
}

}  // namespace mezz::media
