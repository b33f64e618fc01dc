// MPEG transport stream packets: header, adaptation field, clock reference (ISO/IEC 13818-1, 2.4.3).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace mezz::package {

inline constexpr std::size_t kTsPacketSize = 188;
inline constexpr std::size_t kTsPayloadSize = 184;  ///< of a packet without an adaptation field
inline constexpr std::size_t kTsAdaptationWithPcr = 8;
inline constexpr std::size_t kTsAdaptationFlagsOnly = 2;

inline constexpr std::uint16_t kTsPatPid = 0x0000;
inline constexpr std::uint16_t kTsPmtPid = 0x1000;
inline constexpr std::uint16_t kTsVideoPid = 0x0100;
inline constexpr std::uint16_t kTsAudioPid = 0x0101;

using TsPacketBuffer = std::span<std::byte, kTsPacketSize>;

/// What a packet says besides its payload.
struct TsPacketHead {
    std::uint16_t pid = 0;
    std::uint8_t counter = 0;            ///< continuity_counter; the low four bits are used
    bool unit_start = false;             ///< a PES packet or a section begins in this packet
    bool random_access = false;          ///< random_access_indicator
    std::optional<std::uint64_t> pcr{};  ///< 90 kHz ticks, taken modulo 2^33; the 27 MHz extension is 0
};

/// Bytes that the adaptation field of such a packet takes at least; 0 if it needs none.
[[nodiscard]] constexpr std::size_t ts_adaptation_size(bool random_access, bool pcr) noexcept {
    return pcr ? kTsAdaptationWithPcr : random_access ? kTsAdaptationFlagsOnly : 0;
}

/// Writes the header and an adaptation field stuffed so that exactly `payload` bytes remain in the packet.
/// `payload` is 1 to 184 less ts_adaptation_size. Returns where the payload begins: 188 - payload.
std::size_t write_ts_head(TsPacketBuffer out, const TsPacketHead& head, std::size_t payload) noexcept;

/// Writes whole packets without an adaptation field: `payload`, a multiple of kTsPayloadSize, behind headers
/// whose continuity counters go on from `counter`. `out` has kTsPacketSize bytes for each.
void write_plain_ts_packets(std::byte* out, std::uint16_t pid, std::uint8_t counter,
                            std::span<const std::byte> payload) noexcept;

/// Writes a whole packet that carries only a clock reference. Such packets do not advance the continuity
/// counter (2.4.3.3): `last_counter` is that of the PID's last packet with a payload.
void write_ts_pcr_packet(TsPacketBuffer out, std::uint16_t pid, std::uint8_t last_counter,
                         std::uint64_t pcr) noexcept;

}  // namespace mezz::package
