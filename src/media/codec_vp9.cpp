#include "core/text.hpp"
#include "media/codec.hpp"

namespace mezz::media {
namespace {

void append_two(unsigned value, std::string& out) {
    out += '.';
    if (value < 10) out += '0';
    append_number(out, value);
}

}  // namespace

// VPCodecConfigurationRecord ("VP Codec ISO Media File Format Binding" 1.0).
Result<CodecDetails> read_vp9(Bytes vpcc) {
    ByteReader in(vpcc);
    const unsigned version = in.u8();
    in.skip(3);
    const unsigned profile = in.u8();
    const unsigned level = in.u8();
    const unsigned packed = in.u8();
    CodecDetails details;
    details.color.primaries = in.u8();
    details.color.transfer = in.u8();
    details.color.matrix = in.u8();
    (void)in.take(in.u16());
    if (!in.ok()) return fail(ErrorCode::bad_media, "vpcC: box is cut off");
    if (version != 1) return fail(ErrorCode::unsupported, "vpcC: not version 1");
    const unsigned depth = packed >> 4;
    const unsigned chroma = packed >> 1 & 7U;
    const bool full_range = (packed & 1U) != 0;
    if (profile > 3 || (depth != 8 && depth != 10 && depth != 12))
        return fail(ErrorCode::bad_media, "vpcC: profile or bit depth is none of VP9");
    details.color.range = full_range ? 0x80 : 0;
    std::string& text = details.codec_string;
    text = "vp09";
    for (const unsigned value : {profile, level, depth})
        append_two(value, text);
    // What is left out is 4:2:0 and ITU-R BT.709; players take "unspecified" for the same.
    const auto usual = [](unsigned value) { return value == 1 || value == kColorUnspecified; };
    const Color& color = details.color;
    if (chroma <= 1 && usual(color.primaries) && usual(color.transfer) && usual(color.matrix) && !full_range)
        return details;
    const unsigned range = full_range ? 1 : 0;
    for (const unsigned value :
         {chroma, unsigned{color.primaries}, unsigned{color.transfer}, unsigned{color.matrix}, range})
        append_two(value, text);
    return details;
}

}  // namespace mezz::media
