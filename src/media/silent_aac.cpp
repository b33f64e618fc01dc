#include "media/silent_aac.hpp"

#include "core/bit_writer.hpp"

namespace mezz::media {
namespace {

constexpr unsigned kSingle = 0;  // id_syn_ele
constexpr unsigned kPair = 1;
constexpr unsigned kLowFrequency = 3;
constexpr unsigned kEnd = 7;

void put_one(BitWriter& out, unsigned element, unsigned tag) {
    out.bits(element, 3);
    out.bits(tag, 4);
    out.zeros(8 + 11 + 3);  // global_gain, ics_info, flags of tools
}

void put_pair(BitWriter& out, unsigned tag) {
    out.bits(kPair, 3);
    out.bits(tag, 4);
    out.flag(true);     // common_window
    out.zeros(11 + 2);  // ics_info, ms_mask_present
    out.zeros(2 * (8 + 3));
}

}  // namespace

// All that is not set is 0: global_gain, one long window without scale factor bands, no tools.
std::vector<std::byte> silent_aac(unsigned channel_configuration) {
    const bool front = channel_configuration != 2;
    const unsigned pairs = channel_configuration == 1   ? 0
                           : channel_configuration < 5  ? 1
                           : channel_configuration == 7 ? 3
                                                        : 2;
    std::vector<std::byte> frame;
    BitWriter out(frame);
    if (front) put_one(out, kSingle, 0);
    for (unsigned tag = 0; tag < pairs; ++tag)
        put_pair(out, tag);
    if (channel_configuration == 4) put_one(out, kSingle, 1);
    if (channel_configuration > 5) put_one(out, kLowFrequency, 0);
    out.bits(kEnd, 3);
    return frame;
}

}  // namespace mezz::media
