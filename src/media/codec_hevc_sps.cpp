#include "media/codec_hevc_sps.hpp"

#include <algorithm>
#include <array>

#include "media/nal_bytes.hpp"

namespace mezz::media {
namespace {

void skip_profile_tier_level(BitReader& in, unsigned sub_layers) noexcept {
    constexpr unsigned kProfileBits = 88;
    constexpr unsigned kLevelBits = 8;
    in.skip(kProfileBits + kLevelBits);
    std::array<bool, 8> profiles{};
    std::array<bool, 8> levels{};
    for (unsigned i = 0; i < sub_layers; ++i) {
        profiles[i] = in.flag();
        levels[i] = in.flag();
    }
    if (sub_layers > 0) in.skip(2 * (8 - sub_layers));
    for (unsigned i = 0; i < sub_layers; ++i) {
        if (profiles[i]) in.skip(kProfileBits);
        if (levels[i]) in.skip(kLevelBits);
    }
}

// False if it says what cannot be.
bool read_picture_format(BitReader& in, HevcSampleFormat& format) noexcept {
    constexpr std::uint32_t kChroma444 = 3;
    const std::uint32_t chroma_format = in.unsigned_golomb();
    if (chroma_format == kChroma444) in.skip(1);
    (void)in.unsigned_golomb();
    (void)in.unsigned_golomb();
    if (in.flag())
        for (int side = 0; side < 4; ++side)
            (void)in.unsigned_golomb();
    const std::uint32_t luma = in.unsigned_golomb();
    const std::uint32_t chroma = in.unsigned_golomb();
    constexpr std::uint32_t kMostBits = 8;
    if (!in.ok() || chroma_format > kChroma444 || luma > kMostBits || chroma > kMostBits) return false;
    format.chroma_format = static_cast<std::uint8_t>(chroma_format);
    format.luma_bits_minus8 = static_cast<std::uint8_t>(luma);
    format.chroma_bits_minus8 = static_cast<std::uint8_t>(chroma);
    return true;
}

std::uint32_t read_reordered_pictures(BitReader& in, unsigned sub_layers) noexcept {
    const bool each = in.flag();
    std::uint32_t reordered = 0;
    for (unsigned i = each ? 0 : sub_layers; i <= sub_layers; ++i) {
        (void)in.unsigned_golomb();
        reordered = in.unsigned_golomb();
        (void)in.unsigned_golomb();
    }
    return reordered;
}

void skip_scaling_lists(BitReader& in) noexcept {
    for (unsigned size = 0; size < 4; ++size) {
        for (unsigned matrix = 0; matrix < 6; matrix += size == 3 ? 3 : 1) {
            if (!in.flag()) {
                (void)in.unsigned_golomb();
                continue;
            }
            const unsigned coefficients = size == 0 ? 16 : 64;
            for (unsigned i = size > 1 ? 0 : 1; i <= coefficients && in.ok(); ++i)
                (void)in.signed_golomb();
        }
    }
}

void skip_coding_tools(BitReader& in) noexcept {
    for (int field = 0; field < 6; ++field)
        (void)in.unsigned_golomb();
    if (in.flag() && in.flag()) skip_scaling_lists(in);
    in.skip(2);
    if (!in.flag()) return;
    in.skip(8);
    (void)in.unsigned_golomb();
    (void)in.unsigned_golomb();
    in.skip(1);
}

// st_ref_pic_set() (§7.3.7); false if it has more pictures than can be.
bool skip_reference_set(BitReader& in, bool first, std::uint32_t& pictures) noexcept {
    constexpr std::uint32_t kMostPictures = 16;
    if (!first && in.flag()) {
        in.skip(1);
        (void)in.unsigned_golomb();
        std::uint32_t kept = 0;
        for (std::uint32_t i = 0; i <= pictures; ++i)
            if (in.flag() || in.flag()) ++kept;
        pictures = kept;
        return in.ok() && pictures <= kMostPictures;
    }
    const std::uint32_t negative = in.unsigned_golomb();
    const std::uint32_t positive = in.unsigned_golomb();
    if (!in.ok() || negative > kMostPictures || positive > kMostPictures) return false;
    pictures = negative + positive;
    for (std::uint32_t i = 0; i < pictures; ++i) {
        (void)in.unsigned_golomb();
        in.skip(1);
    }
    return in.ok() && pictures <= kMostPictures;
}

bool skip_reference_sets(BitReader& in, std::uint32_t order_count_bits) noexcept {
    constexpr std::uint32_t kMostSets = 64;
    constexpr std::uint32_t kMostLongTerm = 32;
    const std::uint32_t sets = in.unsigned_golomb();
    if (sets > kMostSets) return false;
    std::uint32_t pictures = 0;
    for (std::uint32_t i = 0; i < sets; ++i)
        if (!skip_reference_set(in, i == 0, pictures)) return false;
    if (!in.flag()) return in.ok();
    const std::uint32_t long_term = in.unsigned_golomb();
    if (long_term > kMostLongTerm) return false;
    in.skip(long_term * (order_count_bits + 1));
    return in.ok();
}

}  // namespace

HevcSps parse_hevc_sps(Bytes body) {
    const std::vector<std::byte> bytes = unescape_nal(body);
    BitReader in(bytes);
    HevcSps sps;
    in.skip(4);
    const unsigned sub_layers = in.bits(3);
    HevcSampleFormat format;
    format.sub_layers_minus1 = static_cast<std::uint8_t>(sub_layers);
    format.nested = in.flag();
    if (bytes.size() > format.profile.size())
        std::ranges::copy(Bytes(bytes).subspan(1, format.profile.size()), format.profile.begin());
    skip_profile_tier_level(in, sub_layers);
    (void)in.unsigned_golomb();
    if (read_picture_format(in, format)) sps.format = format;
    constexpr std::uint32_t kMostOrderCountBits = 16;
    const std::uint32_t order_count_bits = in.unsigned_golomb() + 4;
    const std::uint32_t reordered = read_reordered_pictures(in, sub_layers);
    if (!in.ok() || order_count_bits > kMostOrderCountBits) return sps;
    sps.reordered_pictures = reordered;
    skip_coding_tools(in);
    if (!skip_reference_sets(in, order_count_bits)) return sps;
    in.skip(2);
    if (!in.flag()) return sps;
    const Color color = read_vui_color(in);
    if (in.ok()) sps.color = color;
    return sps;
}

}  // namespace mezz::media
