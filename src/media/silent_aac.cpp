#include "media/silent_aac.hpp"

namespace mezz::media {
namespace {

constexpr unsigned kSingle = 0;  // id_syn_ele
constexpr unsigned kPair = 1;
constexpr unsigned kLowFrequency = 3;
constexpr unsigned kEnd = 7;

}  // namespace

// All that is not set is 0: global_gain, one long window without scale factor bands, no tools.
SilentAac::SilentAac(unsigned channel_configuration) noexcept {
    const bool front = channel_configuration != 2;
    const unsigned pairs = channel_configuration == 1   ? 0
                           : channel_configuration < 5  ? 1
                           : channel_configuration == 7 ? 3
                                                        : 2;
    if (front) put_one(kSingle, 0);
    for (unsigned tag = 0; tag < pairs; ++tag)
        put_pair(tag);
    if (channel_configuration == 4) put_one(kSingle, 1);
    if (channel_configuration > 5) put_one(kLowFrequency, 0);
    put(kEnd, 3);
}

void SilentAac::put(unsigned value, unsigned bits) noexcept {
    for (; bits > 0; --bits, ++bits_)
        if ((value >> (bits - 1) & 1U) != 0) bytes_[bits_ / 8] |= static_cast<std::byte>(0x80U >> bits_ % 8);
}

void SilentAac::put_one(unsigned element, unsigned tag) noexcept {
    put(element, 3);
    put(tag, 4);
    put(0, 8 + 11 + 3);  // global_gain, ics_info, flags of tools
}

void SilentAac::put_pair(unsigned tag) noexcept {
    put(kPair, 3);
    put(tag, 4);
    put(1, 1);       // common_window
    put(0, 11 + 2);  // ics_info, ms_mask_present
    put(0, 2 * (8 + 3));
}

}  // namespace mezz::media
