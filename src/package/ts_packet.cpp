#include "package/ts_packet.hpp"

#include <cstring>

namespace mezz::package {
namespace {

constexpr std::uint8_t kSyncByte = 0x47;
constexpr std::uint8_t kHasPayload = 0x10;
constexpr std::uint8_t kHasAdaptation = 0x20;
constexpr std::uint8_t kRandomAccessFlag = 0x40;
constexpr std::uint8_t kPcrFlag = 0x10;

std::byte byte_of(std::uint64_t value) noexcept {
    return static_cast<std::byte>(value & 0xFF);
}

/// program_clock_reference_base, six reserved bits, extension 0.
void write_pcr(std::byte* out, std::uint64_t pcr) noexcept {
    const std::uint64_t field = (pcr & 0x1'FFFF'FFFF) << 15 | 0x7E00;
    for (unsigned i = 0; i < 6; ++i)
        out[i] = byte_of(field >> (40 - 8 * i));
}

void write_adaptation(std::span<std::byte> field, const TsPacketHead& head) noexcept {
    field[0] = byte_of(field.size() - 1);
    if (field.size() == 1) return;
    field[1] = byte_of((head.random_access ? kRandomAccessFlag : 0U) | (head.pcr ? kPcrFlag : 0U));
    std::size_t used = kTsAdaptationFlagsOnly;
    if (head.pcr) {
        write_pcr(&field[used], *head.pcr);
        used = kTsAdaptationWithPcr;
    }
    std::memset(field.data() + used, 0xFF, field.size() - used);
}

}  // namespace

std::size_t write_ts_head(TsPacketBuffer out, const TsPacketHead& head, std::size_t payload) noexcept {
    const std::size_t adaptation = kTsPayloadSize - payload;
    out[0] = byte_of(kSyncByte);
    out[1] = byte_of((head.unit_start ? 0x40U : 0U) | head.pid >> 8);
    out[2] = byte_of(head.pid);
    out[3] = byte_of((payload > 0 ? kHasPayload : 0U) | (adaptation > 0 ? kHasAdaptation : 0U) |
                     (head.counter & 0x0FU));
    if (adaptation > 0) write_adaptation(out.subspan(4, adaptation), head);
    return kTsPacketSize - payload;
}

void write_plain_ts_packets(std::byte* out, std::uint16_t pid, std::uint8_t counter,
                            std::span<const std::byte> payload) noexcept {
    const std::byte* from = payload.data();
    for (const std::byte* end = from + payload.size(); from != end; from += kTsPayloadSize) {
        out[0] = byte_of(kSyncByte);
        out[1] = byte_of(pid >> 8);
        out[2] = byte_of(pid);
        out[3] = byte_of(kHasPayload | (counter++ & 0x0FU));
        std::memcpy(out + 4, from, kTsPayloadSize);
        out += kTsPacketSize;
    }
}

void write_ts_pcr_packet(TsPacketBuffer out, std::uint16_t pid, std::uint8_t last_counter,
                         std::uint64_t pcr) noexcept {
    write_ts_head(out, {.pid = pid, .counter = last_counter, .pcr = pcr}, 0);
}

}  // namespace mezz::package
