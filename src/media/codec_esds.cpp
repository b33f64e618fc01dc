#include "media/codec.hpp"

namespace mezz::media {
namespace {

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

Result<ElementaryStream> read_decoder_config(Bytes decoder_config) {
    ByteReader in(decoder_config);
    ElementaryStream stream;
    stream.object_type = in.u8();
    in.skip(12);
    if (!in.ok()) return fail(ErrorCode::bad_media, "esds: DecoderConfigDescriptor is cut off");
    if (in.remaining() == 0) return stream;
    if (in.u8() != 5) return stream;
    stream.specific = in.take(read_descriptor_length(in));
    if (is_aac(stream) && (!in.ok() || stream.specific.empty()))
        return fail(ErrorCode::bad_media, "esds: DecoderSpecificInfo exceeds the box");
    return stream;
}

}  // namespace

Result<ElementaryStream> parse_esds(Bytes esds) {
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
    return read_decoder_config(decoder_config);
}

bool is_aac(const ElementaryStream& stream) noexcept {
    return stream.object_type == 0x40 || (stream.object_type >= 0x66 && stream.object_type <= 0x68);
}

bool is_mpeg_audio(const ElementaryStream& stream) noexcept {
    return stream.object_type == 0x6B || stream.object_type == 0x69;
}

Result<Bytes> audio_specific_config(Bytes esds) {
    const auto stream = parse_esds(esds);
    if (!stream) return std::unexpected(stream.error());
    if (!is_aac(*stream)) return fail(ErrorCode::unsupported, "esds: object type is not AAC");
    if (stream->specific.empty()) return fail(ErrorCode::bad_media, "esds: DecoderSpecificInfo is missing");
    return stream->specific;
}

}  // namespace mezz::media
