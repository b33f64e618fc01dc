// Program tables of a transport stream with one program: PAT and PMT (ISO/IEC 13818-1, 2.4.4).
#pragma once

#include <cstdint>

#include "core/bytes.hpp"
#include "package/ts_packet.hpp"
#include "package/ts_plan.hpp"

namespace mezz::package {

/// CRC_32 of a section: polynomial 0x04C11DB7, most significant bit first, no final inversion (Annex A).
[[nodiscard]] std::uint32_t ts_crc32(Bytes section) noexcept;

/// Writes the packet with the program association table.
void write_ts_pat(TsPacketBuffer out, std::uint8_t counter) noexcept;

/// Writes the packet with the program map table: the tracks that the plan has, and its clock reference PID.
void write_ts_pmt(TsPacketBuffer out, std::uint8_t counter, const TsPlan& plan) noexcept;

}  // namespace mezz::package
