#include "media/nal_bytes.hpp"

namespace mezz::media {

std::vector<std::byte> unescape_nal(Bytes nal) {
    std::vector<std::byte> out;
    out.reserve(nal.size());
    unsigned zeros = 0;
    for (const std::byte b : nal) {
        if (zeros >= 2 && b == std::byte{3}) {
            zeros = 0;
            continue;
        }
        zeros = b == std::byte{0} ? zeros + 1 : 0;
        out.push_back(b);
    }
    return out;
}

Color read_vui_color(BitReader& in) noexcept {
    constexpr std::uint32_t kExtendedAspect = 255;
    if (in.flag() && in.bits(8) == kExtendedAspect) in.skip(32);
    if (in.flag()) in.skip(1);
    Color color;
    if (!in.flag()) return color;
    in.skip(3);
    color.range = in.flag() ? 0x80 : 0;
    if (!in.flag()) return color;
    color.primaries = static_cast<std::uint16_t>(in.bits(8));
    color.transfer = static_cast<std::uint16_t>(in.bits(8));
    color.matrix = static_cast<std::uint16_t>(in.bits(8));
    return color;
}

}  // namespace mezz::media
