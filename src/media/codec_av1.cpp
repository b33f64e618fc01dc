#include <optional>

#include "core/bit_reader.hpp"
#include "core/text.hpp"
#include "media/codec.hpp"
#include "media/codec_av1_sequence.hpp"

namespace mezz::media {
namespace {

// leb128() (AV1 §4.10.5).
std::uint32_t read_leb128(ByteReader& in) noexcept {
    std::uint64_t value = 0;
    for (unsigned i = 0; i < 8; ++i) {
        const std::uint64_t byte = in.u8();
        value |= (byte & 0x7FU) << (7 * i);
        if ((byte & 0x80U) == 0) break;
    }
    return value > UINT32_MAX ? UINT32_MAX : static_cast<std::uint32_t>(value);
}

// The sequence header among the OBUs of a configuration (§5.3), empty if there is none.
Bytes find_sequence_header(Bytes obus) noexcept {
    constexpr unsigned kSequenceHeader = 1;
    ByteReader in(obus);
    while (in.ok() && in.remaining() > 0) {
        const unsigned header = in.u8();
        if ((header & 4U) != 0) in.skip(1);
        const Bytes obu = (header & 2U) != 0 ? in.take(read_leb128(in)) : in.rest();
        if ((header >> 3 & 15U) == kSequenceHeader) return obu;
    }
    return {};
}

void append_two(unsigned value, std::string& out) {
    if (value < 10) out += '0';
    append_number(out, value);
}

// The parameters that follow the bit depth, which come all or not at all.
void append_options(const Av1Format& format, const Color& color, std::string& out) {
    const unsigned sx = format.subsampling_x ? 1 : 0;
    const unsigned sy = format.subsampling_y ? 1 : 0;
    out += format.monochrome ? ".1." : ".0.";
    for (const unsigned digit : {sx, sy, sx == 1 && sy == 1 ? format.sample_position : 0U})
        append_number(out, digit);
    for (const unsigned value : {color.primaries, color.transfer, color.matrix}) {
        out += '.';
        append_two(value, out);
    }
    out += color.range != 0 ? ".1" : ".0";
}

bool is_usual(const Av1Format& format, const Color& color) noexcept {
    const auto usual = [](unsigned value) { return value == 1 || value == kColorUnspecified; };
    return !format.monochrome && format.subsampling_x && format.subsampling_y && usual(color.primaries) &&
           usual(color.transfer) && usual(color.matrix) && color.range == 0;
}

}  // namespace

// AV1CodecConfigurationRecord ("AV1 Codec ISO Media File Format Binding" §2.3); the string is that of its §5.
Result<CodecDetails> read_av1(Bytes av1c) {
    BitReader in(av1c);
    const unsigned version = in.bits(8);
    const unsigned profile = in.bits(3);
    const unsigned level = in.bits(5);
    const bool high_tier = in.flag();
    const bool high_depth = in.flag();
    const bool twelve = in.flag();
    Av1Format format;
    format.monochrome = in.flag();
    format.subsampling_x = in.flag();
    format.subsampling_y = in.flag();
    format.sample_position = in.bits(2);
    in.skip(8);
    if (!in.ok()) return fail(ErrorCode::bad_media, "av1C: box is cut off");
    constexpr unsigned kMarkerAndVersion = 0x81;
    if (version != kMarkerAndVersion) return fail(ErrorCode::bad_media, "av1C: not version 1");
    constexpr std::size_t kFixed = 4;
    CodecDetails details;
    details.color = read_av1_color(find_sequence_header(av1c.subspan(kFixed)));
    std::string& text = details.codec_string;
    text = "av01.";
    append_number(text, profile);
    text += '.';
    append_two(level, text);
    text += high_tier ? "H." : "M.";
    append_two(!high_depth ? 8 : twelve ? 12 : 10, text);
    if (!is_usual(format, details.color)) append_options(format, details.color, text);
    return details;
}

}  // namespace mezz::media
