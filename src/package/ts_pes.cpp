#include "package/ts_pes.hpp"

#include <array>

namespace mezz::package {
namespace {

constexpr unsigned kH264DelimiterType = 9;
constexpr unsigned kHevcDelimiterType = 35;

std::byte byte_of(std::uint64_t value) noexcept {
    return static_cast<std::byte>(value & 0xFF);
}

/// A 33-bit time in the three parts, with a marker bit after each, of PTS and DTS.
void write_time(std::byte* out, unsigned prefix, std::int64_t time) noexcept {
    const auto t = static_cast<std::uint64_t>(time);
    out[0] = byte_of(prefix << 4 | (t >> 29 & 0x0E) | 1);
    out[1] = byte_of(t >> 22);
    out[2] = byte_of((t >> 14 & 0xFE) | 1);
    out[3] = byte_of(t >> 7);
    out[4] = byte_of((t << 1 & 0xFE) | 1);
}

constexpr std::array kH264Delimiter{std::byte{0}, std::byte{0},    std::byte{0},
                                    std::byte{1}, std::byte{0x09}, std::byte{0xF0}};
constexpr std::array kHevcDelimiter{std::byte{0},    std::byte{0},    std::byte{0},   std::byte{1},
                                    std::byte{0x46}, std::byte{0x01}, std::byte{0x50}};
static_assert(kHevcDelimiter.size() == kLongestAccessUnitDelimiter);

}  // namespace

std::size_t write_pes_head(PesHeaderBuffer out, const PesHead& head) noexcept {
    const std::size_t size = !head.pts ? kPesHeaderBare : head.dts ? kPesHeaderWithBoth : kPesHeaderWithPts;
    const std::size_t length = head.source == kTsAudio ? size - 6 + head.payload : 0;
    out[0] = out[1] = byte_of(0);
    out[2] = byte_of(1);
    out[3] = byte_of(head.stream_id);
    out[4] = byte_of(length >> 8);
    out[5] = byte_of(length);
    out[6] = byte_of(0x84);  // data_alignment_indicator
    out[7] = byte_of(!head.pts ? 0 : head.dts ? 0xC0 : 0x80);
    out[8] = byte_of(size - kPesHeaderBare);
    if (!head.pts) return size;
    write_time(&out[9], head.dts ? 3 : 2, *head.pts);
    if (head.dts) write_time(&out[14], 1, *head.dts);
    return size;
}

Bytes access_unit_delimiter(TsVideoTrack::Codec codec) noexcept {
    if (codec == TsVideoTrack::Codec::hevc) return kHevcDelimiter;
    return kH264Delimiter;
}

bool is_access_unit_delimiter(TsVideoTrack::Codec codec, std::byte first) noexcept {
    const auto value = std::to_integer<unsigned>(first);
    if (codec == TsVideoTrack::Codec::hevc) return (value >> 1 & 0x3F) == kHevcDelimiterType;
    return (value & 0x1F) == kH264DelimiterType;
}

}  // namespace mezz::package
