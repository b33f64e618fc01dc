#include "media/silent_mp3.hpp"

#include <algorithm>
#include <array>

#include "core/bit_writer.hpp"

namespace mezz::media {

// main_data_begin, part2_3_length and all else of the side information is 0, and so is what follows it:
// ancillary data, of which there must be some at any bit rate.
std::vector<std::byte> silent_mp3(std::uint32_t sample_rate, unsigned channels) {
    constexpr std::array<std::uint32_t, 3> kRates = {44100, 48000, 32000};  // by their codes
    constexpr unsigned kSync = 0x7FF, kLayer3 = 1, kLowestBitRate = 1;
    const bool mpeg1 = mp3_frame_samples(sample_rate) == 1152;
    const auto rate = std::ranges::find(kRates, mpeg1 ? sample_rate : sample_rate * 2) - kRates.begin();
    const std::uint32_t bit_rate = mpeg1 ? 32000 : 8000;
    std::vector<std::byte> frame;
    BitWriter out(frame);
    out.bits(kSync, 11);
    out.bits(mpeg1 ? 3 : 2, 2);
    out.bits(kLayer3, 2);
    out.flag(true);  // no check
    out.bits(kLowestBitRate, 4);
    out.bits(static_cast<unsigned>(rate), 2);
    out.zeros(2);                        // padding_bit, private_bit
    out.bits(channels == 1 ? 3 : 0, 2);  // single channel, or two by themselves
    out.zeros(6);
    frame.resize(mp3_frame_samples(sample_rate) / 8 * bit_rate / sample_rate);
    return frame;
}

}  // namespace mezz::media
