#include "media/silent_flac.hpp"

#include <algorithm>
#include <array>

#include "core/bit_writer.hpp"
#include "core/crc16.hpp"

namespace mezz::media {
namespace {

// By their codes; 0 leaves it to STREAMINFO (§9.1.2, §9.1.4).
constexpr std::array<std::uint32_t, 12> kRates = {0,     88200, 176400, 192000, 8000,  16000,
                                                  22050, 24000, 32000,  44100,  48000, 96000};
constexpr std::array<std::uint32_t, 8> kSampleBits = {0, 8, 12, 0, 16, 20, 24, 32};
constexpr unsigned kBlockSizeFollows = 7;  // in 16 bits (§9.1.1)

template <std::size_t kCount>
unsigned code_of(const std::array<std::uint32_t, kCount>& values, std::uint32_t value) noexcept {
    const auto found = std::ranges::find(values, value);
    return found == values.end() ? 0 : static_cast<unsigned>(found - values.begin());
}

// x⁸ + x² + x + 1 (§9.1.8).
unsigned crc8(Bytes bytes) noexcept {
    unsigned crc = 0;
    for (const std::byte b : bytes) {
        crc ^= std::to_integer<unsigned>(b);
        for (int i = 0; i < 8; ++i)
            crc = crc << 1 ^ ((crc & 0x80U) != 0 ? 0x107U : 0U);
    }
    return crc;
}

}  // namespace

std::vector<std::byte> silent_flac(const FlacStreamInfo& stream) {
    constexpr unsigned kSync = 0x7FFC;  // 15 bits
    std::vector<std::byte> frame;
    BitWriter out(frame);
    out.bits(kSync, 15);
    out.flag(stream.min_block != stream.max_block);  // of which kind the stream's numbers are
    out.bits(kBlockSizeFollows, 4);
    out.bits(code_of(kRates, stream.sample_rate), 4);
    out.bits(stream.channels - 1U, 4);  // each by itself
    out.bits(code_of(kSampleBits, stream.sample_bits), 3);
    out.zeros(1);
    out.bits(0, 8);  // the number
    out.bits(stream.max_block - 1U, 16);
    out.bits(crc8(frame), 8);
    for (unsigned channel = 0; channel < stream.channels; ++channel)
        out.zeros(8U + stream.sample_bits);  // the same sample throughout (§9.2.3)
    ByteWriter(frame).u16(crc16(frame));
    return frame;
}

}  // namespace mezz::media
