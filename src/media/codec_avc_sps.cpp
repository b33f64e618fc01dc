#include "media/codec_avc_sps.hpp"

#include "core/bit_reader.hpp"
#include "media/codec.hpp"
#include "media/nal_bytes.hpp"

namespace mezz::media {
namespace {

constexpr std::uint32_t kChroma444 = 3;

// The first NAL unit of an Annex B text with 4-byte start codes, without its header byte.
Bytes first_nal_body(Bytes text) noexcept {
    constexpr std::size_t kStartCode = 4;
    if (text.size() <= kStartCode) return {};
    Bytes nal = text.subspan(kStartCode);
    for (std::size_t i = 0; i + kStartCode <= nal.size(); ++i) {
        const bool start = nal[i] == std::byte{0} && nal[i + 1] == std::byte{0} &&
                           nal[i + 2] == std::byte{0} && nal[i + 3] == std::byte{1};
        if (start) nal = nal.first(i);
    }
    return nal.empty() ? nal : nal.subspan(1);
}

void skip_scaling_list(BitReader& in, unsigned size) noexcept {
    std::uint32_t last = 8;
    std::uint32_t next = 8;
    for (unsigned i = 0; i < size && in.ok(); ++i) {
        if (next != 0) next = (last + static_cast<std::uint32_t>(in.signed_golomb())) % 256;
        if (next != 0) last = next;
    }
}

// As the SPS has it, whatever that is.
struct HighFields {
    std::uint32_t chroma_format = 0;
    std::uint32_t luma_bits_minus8 = 0;
    std::uint32_t chroma_bits_minus8 = 0;
};

HighFields read_high_fields(BitReader& in) noexcept {
    HighFields fields;
    fields.chroma_format = in.unsigned_golomb();
    if (fields.chroma_format == kChroma444) in.skip(1);
    fields.luma_bits_minus8 = in.unsigned_golomb();
    fields.chroma_bits_minus8 = in.unsigned_golomb();
    return fields;
}

void skip_high_profile(BitReader& in) noexcept {
    const std::uint32_t chroma_format = read_high_fields(in).chroma_format;
    in.skip(1);
    if (!in.flag()) return;
    const unsigned lists = chroma_format == kChroma444 ? 12 : 8;
    for (unsigned i = 0; i < lists; ++i)
        if (in.flag()) skip_scaling_list(in, i < 6 ? 16 : 64);
}

bool has_high_fields(std::uint32_t profile) noexcept {
    for (const std::uint32_t high :
         {100U, 110U, 122U, 244U, 44U, 83U, 86U, 118U, 128U, 138U, 139U, 134U, 135U})
        if (profile == high) return true;
    return false;
}

void skip_picture_order_count(BitReader& in) noexcept {
    const std::uint32_t type = in.unsigned_golomb();
    if (type == 0) (void)in.unsigned_golomb();
    if (type != 1) return;
    in.skip(1);
    (void)in.signed_golomb();
    (void)in.signed_golomb();
    const std::uint32_t cycle = in.unsigned_golomb();
    for (std::uint32_t i = 0; i < cycle && in.ok(); ++i)
        (void)in.signed_golomb();
}

void skip_hrd(BitReader& in) noexcept {
    const std::uint32_t count = in.unsigned_golomb() + 1;
    in.skip(8);
    for (std::uint32_t i = 0; i < count && in.ok(); ++i) {
        (void)in.unsigned_golomb();
        (void)in.unsigned_golomb();
        in.skip(1);
    }
    in.skip(20);
}

void skip_vui_before_restriction(BitReader& in) noexcept {
    (void)read_vui_color(in);
    if (in.flag()) {
        (void)in.unsigned_golomb();
        (void)in.unsigned_golomb();
    }
    if (in.flag()) in.skip(65);
    const bool nal_hrd = in.flag();
    if (nal_hrd) skip_hrd(in);
    const bool vcl_hrd = in.flag();
    if (vcl_hrd) skip_hrd(in);
    if (nal_hrd || vcl_hrd) in.skip(1);
    in.skip(1);
}

void skip_sps_before_vui(BitReader& in) noexcept {
    const std::uint32_t profile = in.bits(8);
    in.skip(16);
    (void)in.unsigned_golomb();
    if (has_high_fields(profile)) skip_high_profile(in);
    (void)in.unsigned_golomb();
    skip_picture_order_count(in);
    (void)in.unsigned_golomb();
    in.skip(1);
    (void)in.unsigned_golomb();
    (void)in.unsigned_golomb();
    if (!in.flag()) in.skip(1);
    in.skip(1);
    if (!in.flag()) return;
    for (int side = 0; side < 4; ++side)
        (void)in.unsigned_golomb();
}

}  // namespace

std::optional<AvcSampleFormat> avc_sample_format(Bytes body) {
    const std::vector<std::byte> sps = unescape_nal(body);
    BitReader in(sps);
    const std::uint32_t profile = in.bits(8);
    in.skip(16);
    (void)in.unsigned_golomb();
    if (!in.ok()) return std::nullopt;
    if (!has_high_fields(profile)) return AvcSampleFormat{};
    const HighFields fields = read_high_fields(in);
    constexpr std::uint32_t kMostBits = 6;
    if (!in.ok() || fields.chroma_format > kChroma444 || fields.luma_bits_minus8 > kMostBits ||
        fields.chroma_bits_minus8 > kMostBits)
        return std::nullopt;
    return AvcSampleFormat{true, static_cast<std::uint8_t>(fields.chroma_format),
                           static_cast<std::uint8_t>(fields.luma_bits_minus8),
                           static_cast<std::uint8_t>(fields.chroma_bits_minus8)};
}

Color avc_color(Bytes parameter_sets) {
    const std::vector<std::byte> sps = unescape_nal(first_nal_body(parameter_sets));
    BitReader in(sps);
    skip_sps_before_vui(in);
    if (!in.flag()) return {};
    const Color color = read_vui_color(in);
    return in.ok() ? color : Color{};
}

std::optional<std::uint32_t> reordered_pictures(Bytes parameter_sets) {
    const std::vector<std::byte> sps = unescape_nal(first_nal_body(parameter_sets));
    BitReader in(sps);
    skip_sps_before_vui(in);
    if (!in.flag()) return std::nullopt;
    skip_vui_before_restriction(in);
    if (!in.flag()) return std::nullopt;
    in.skip(1);
    for (int field = 0; field < 4; ++field)
        (void)in.unsigned_golomb();
    const std::uint32_t reordered = in.unsigned_golomb();
    return in.ok() ? std::optional(reordered) : std::nullopt;
}

}  // namespace mezz::media
