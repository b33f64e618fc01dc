// Headers of the PES packets in a transport stream (ISO/IEC 13818-1, 2.4.3.6), and of the access units in
// them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "core/bytes.hpp"
#include "package/ts_plan.hpp"

namespace mezz::package {

inline constexpr std::size_t kPesHeaderBare = 9;
inline constexpr std::size_t kPesHeaderWithPts = 14;
inline constexpr std::size_t kPesHeaderWithBoth = 19;
inline constexpr std::size_t kAnnexBStartCode = 4;
inline constexpr std::size_t kLongestAccessUnitDelimiter = 7;

using PesHeaderBuffer = std::span<std::byte, kPesHeaderWithBoth>;

struct PesHead {
    unsigned source = kTsVideo;
    std::uint8_t stream_id = 0xE0;
    std::optional<std::int64_t> pts{};  ///< 90 kHz ticks, taken modulo 2^33; written only if given
    std::optional<std::int64_t> dts{};  ///< written only if given, and only beside pts
    std::uint32_t payload = 0;          ///< bytes after the header; used for audio (video is unbounded)
};

/// Writes a header; returns its size, one of the three above. An audio payload is at most
/// 65527 bytes.
std::size_t write_pes_head(PesHeaderBuffer out, const PesHead& head) noexcept;

/// An access unit delimiter that allows any slice type, with its start code. Static memory.
[[nodiscard]] Bytes access_unit_delimiter(TsVideoTrack::Codec codec) noexcept;

/// Whether a NAL unit is an access unit delimiter, by its first byte.
[[nodiscard]] bool is_access_unit_delimiter(TsVideoTrack::Codec codec, std::byte first) noexcept;

}  // namespace mezz::package
