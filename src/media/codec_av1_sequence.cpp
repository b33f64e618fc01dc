#include "media/codec_av1_sequence.hpp"

#include "core/bit_reader.hpp"

namespace mezz::media {
namespace {

struct DecoderModel {
    bool present = false;
    unsigned delay_bits = 0;
};

DecoderModel read_timing(BitReader& in) noexcept {
    DecoderModel model;
    if (!in.flag()) return model;
    in.skip(32 + 32);
    if (in.flag()) (void)in.unsigned_golomb();
    model.present = in.flag();
    if (!model.present) return model;
    model.delay_bits = in.bits(5) + 1;
    in.skip(32 + 5 + 5);
    return model;
}

void skip_operating_points(BitReader& in, const DecoderModel& model) noexcept {
    constexpr unsigned kLastWithoutTier = 7;
    const bool display_delays = in.flag();
    const unsigned last = in.bits(5);
    for (unsigned i = 0; i <= last; ++i) {
        in.skip(12);
        if (in.bits(5) > kLastWithoutTier) in.skip(1);
        if (model.present && in.flag()) in.skip(2 * model.delay_bits + 1);
        if (display_delays && in.flag()) in.skip(4);
    }
}

void skip_size(BitReader& in) noexcept {
    const unsigned width_bits = in.bits(4) + 1;
    const unsigned height_bits = in.bits(4) + 1;
    in.skip(width_bits + height_bits);
}

void skip_tools(BitReader& in) noexcept {
    in.skip(4);
    const bool order_hint = in.flag();
    if (order_hint) in.skip(2);
    const bool choose_screen_content = in.flag();
    const bool may_be_screen_content = choose_screen_content || in.flag();
    if (may_be_screen_content && !in.flag()) in.skip(1);
    if (order_hint) in.skip(3);
}

Color read_color_config(BitReader& in, unsigned profile) noexcept {
    constexpr unsigned kProfessional = 2;
    constexpr unsigned kHigh = 1;
    const bool high_depth = in.flag();
    if (profile == kProfessional && high_depth) in.skip(1);
    if (profile != kHigh) in.skip(1);
    Color color;
    if (in.flag()) {
        color.primaries = static_cast<std::uint16_t>(in.bits(8));
        color.transfer = static_cast<std::uint16_t>(in.bits(8));
        color.matrix = static_cast<std::uint16_t>(in.bits(8));
    }
    constexpr std::uint16_t kSrgb = 13;
    const bool rgb = color.primaries == 1 && color.transfer == kSrgb && color.matrix == 0;
    color.range = rgb || in.flag() ? 0x80 : 0;
    return color;
}

}  // namespace

Color read_av1_color(Bytes sequence_header) noexcept {
    BitReader in(sequence_header);
    const unsigned profile = in.bits(3);
    in.skip(1);
    const bool reduced = in.flag();
    if (reduced)
        in.skip(5);
    else
        skip_operating_points(in, read_timing(in));
    skip_size(in);
    if (!reduced && in.flag()) in.skip(4 + 3);
    in.skip(3);
    if (!reduced) skip_tools(in);
    in.skip(3);
    const Color color = read_color_config(in, profile);
    return in.ok() ? color : Color{};
}

}  // namespace mezz::media
