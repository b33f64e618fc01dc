#include <array>

#include "media/codec.hpp"
#include "media/codec_hevc_sps.hpp"

namespace mezz::media {
namespace {

constexpr unsigned kVps = 32;
constexpr unsigned kSps = 33;
constexpr unsigned kPps = 34;
constexpr unsigned kPrefixSei = 39;
constexpr std::size_t kNalHeader = 2;

// The general profile, tier and level of HEVCDecoderConfigurationRecord (ISO/IEC 14496-15 §8.3.3.1).
struct ProfileTierLevel {
    std::uint32_t space = 0;
    bool high_tier = false;
    std::uint32_t profile = 0;
    std::uint32_t compatibility = 0;
    std::array<std::uint8_t, 6> constraints{};
    std::uint8_t level = 0;
};

ProfileTierLevel read_profile(ByteReader& in) noexcept {
    ProfileTierLevel ptl;
    const std::uint32_t first = in.u8();
    ptl.space = first >> 6;
    ptl.high_tier = (first & 0x20U) != 0;
    ptl.profile = first & 0x1FU;
    ptl.compatibility = in.u32();
    for (std::uint8_t& byte : ptl.constraints)
        byte = in.u8();
    ptl.level = in.u8();
    return ptl;
}

void append_hex(std::uint32_t value, std::string& out) {
    bool begun = false;
    for (unsigned shift = 32; shift > 0;) {
        shift -= 4;
        const std::uint32_t digit = value >> shift & 15U;
        begun = begun || digit != 0 || shift == 0;
        if (begun) out += "0123456789ABCDEF"[digit];
    }
}

std::uint32_t reversed(std::uint32_t value) noexcept {
    std::uint32_t out = 0;
    for (int i = 0; i < 32; ++i, value >>= 1)
        out = out << 1 | (value & 1U);
    return out;
}

// ISO/IEC 14496-15 §E.3.
std::string codec_string(const ProfileTierLevel& ptl) {
    std::string text = "hvc1.";
    if (ptl.space != 0) text += "ABC"[ptl.space - 1];
    text += std::to_string(ptl.profile) + '.';
    append_hex(reversed(ptl.compatibility), text);
    text += ptl.high_tier ? ".H" : ".L";
    text += std::to_string(ptl.level);
    std::size_t used = ptl.constraints.size();
    while (used > 0 && ptl.constraints[used - 1] == 0)
        --used;
    for (std::size_t i = 0; i < used; ++i) {
        text += '.';
        append_hex(ptl.constraints[i], text);
    }
    return text;
}

// Encoders leave notes of their own in SEI messages, which need not be sent again and again.
bool is_user_data(Bytes nal) noexcept {
    constexpr std::byte kUserDataRegistered{4};
    constexpr std::byte kUserDataUnregistered{5};
    if (nal.size() <= kNalHeader) return true;
    return nal[kNalHeader] == kUserDataRegistered || nal[kNalHeader] == kUserDataUnregistered;
}

struct NalArrays {
    std::vector<std::byte> parameter_sets;
    Bytes sps;
    unsigned kinds = 0;  // bit n: type kVps + n is there
};

bool read_array(ByteReader& in, NalArrays& out) {
    constexpr std::uint32_t kStartCode = 1;
    const unsigned type = in.u8() & 0x3FU;
    const unsigned count = in.u16();
    ByteWriter writer(out.parameter_sets);
    for (unsigned i = 0; i < count; ++i) {
        const Bytes nal = in.take(in.u16());
        if (!in.ok() || nal.size() < kNalHeader) return false;
        const bool parameter_set = type >= kVps && type <= kPps;
        if (!parameter_set && (type != kPrefixSei || is_user_data(nal))) continue;
        if (parameter_set) out.kinds |= 1U << (type - kVps);
        if (type == kSps && out.sps.empty()) out.sps = nal;
        writer.u32(kStartCode);
        writer.bytes(nal);
    }
    return in.ok();
}

}  // namespace

Result<CodecDetails> read_hevc(Bytes hvcc) {
    ByteReader in(hvcc);
    const unsigned version = in.u8();
    const ProfileTierLevel ptl = read_profile(in);
    in.skip(8);
    const unsigned nal_length_size = (in.u8() & 3U) + 1;
    const unsigned arrays = in.u8();
    if (!in.ok() || version != 1) return fail(ErrorCode::bad_media, "hvcC: not version 1");
    if (nal_length_size == 3) return fail(ErrorCode::bad_media, "hvcC: NAL length size is 3");
    NalArrays nals;
    for (unsigned i = 0; i < arrays; ++i)
        if (!read_array(in, nals)) return fail(ErrorCode::bad_media, "hvcC: a NAL unit exceeds the box");
    constexpr unsigned kAll = 7;
    const HevcSps sps = nals.sps.empty() ? HevcSps{} : parse_hevc_sps(nals.sps.subspan(kNalHeader));
    CodecDetails details;
    details.codec_string = codec_string(ptl);
    details.nal_length_size = static_cast<std::uint8_t>(nal_length_size);
    details.parameter_sets = std::move(nals.parameter_sets);
    details.sets_in_pictures = nals.kinds != kAll;
    details.reordered_pictures = sps.reordered_pictures;
    details.color = sps.color;
    return details;
}

}  // namespace mezz::media
