// Turns the bytes of samples into the MPEG-TS segment that a TsPlan describes.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "core/bytes.hpp"
#include "package/ts_packet.hpp"
#include "package/ts_payload.hpp"
#include "package/ts_plan.hpp"

namespace mezz::package {

/// Streams one segment with constant memory. Any piece of input, down to one byte, makes progress, and so
/// does any room for output. After each run() ask need() again: it may skip bytes (a sample's own AUD),
/// change file or go back. Usage:
///     while (!muxer.done()) { need = muxer.need(); … run(bytes from need.offset on, room) … }
/// H.264 and HEVC length prefixes become start codes, an access unit delimiter and the parameter sets are put
/// before, AAC frames get ADTS headers; frames of other audio go as they are. Broken NAL lengths are clamped
/// to their sample; bytes that cannot be a NAL become zeros. Whatever the bytes are, exactly plan.size()
/// bytes are produced.
class TsMuxer {
public:
    /// Borrows the plan, and what it borrows.
    explicit TsMuxer(const TsPlan& plan) noexcept;
    TsMuxer(const TsMuxer&) = delete;
    TsMuxer& operator=(const TsMuxer&) = delete;

    /// All plan.size() bytes have been produced.
    [[nodiscard]] bool done() const noexcept;

    /// What the next input must be. Valid at any time, so the caller can read ahead.
    [[nodiscard]] TsNeed need() const noexcept;

    struct Progress {
        std::size_t consumed = 0;
        std::size_t produced = 0;
    };

    /// Consumes from `input`, contiguous bytes of the file from need().offset on, and writes to `output`,
    /// which may end within a packet. The input may be empty while it is not there, and may be longer than
    /// need().length: it serves as long as the bytes that follow are in it. Returns when the output is full,
    /// other input is needed, or the segment is done. Never allocates.
    Progress run(Bytes input, std::span<std::byte> output) noexcept;

private:
    void begin_pes() noexcept;
    void settle() noexcept;
    std::size_t plain_packets(std::span<std::byte> output, TsInput& input) noexcept;
    bool next_packet(TsInput& input) noexcept;
    void next_psi() noexcept;
    void next_pcr() noexcept;
    void next_of_pes() noexcept;
    [[nodiscard]] bool between_packets() const noexcept { return head_.empty() && room_ == 0; }

    const TsPlan* plan_;
    std::size_t pes_ = 0;  ///< index of the current one
    bool open_ = false;    ///< its payload is open
    TsPayload payload_;
    std::uint64_t unpacked_ = 0;      ///< bytes of the PES packet not yet given a transport packet
    std::uint32_t packets_left_ = 0;  ///< of the PES packet
    std::uint32_t pcr_packets_left_ = 0;
    unsigned psi_packets_left_ = 2;
    std::optional<std::int64_t> last_pcr_;
    std::array<std::uint8_t, 2> counters_{};

    std::array<std::byte, kTsPacketSize> buffer_{};
    Bytes head_;            ///< of buffer_: what comes before the current packet's payload
    std::size_t room_ = 0;  ///< payload bytes that the current packet still gets
};

}  // namespace mezz::package
