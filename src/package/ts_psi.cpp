#include "package/ts_psi.hpp"

#include <array>
#include <cstring>
#include <string_view>

#include "package/ts_codec.hpp"

namespace mezz::package {
namespace {

constexpr std::uint8_t kPatTableId = 0x00;
constexpr std::uint8_t kPmtTableId = 0x02;
constexpr std::uint16_t kTransportStreamId = 1;
constexpr std::uint16_t kProgramNumber = 1;
constexpr std::uint8_t kRegistrationDescriptor = 0x05;
constexpr std::size_t kCrcSize = 4;

constexpr std::array<std::uint32_t, 256> make_crc_table() {
    std::array<std::uint32_t, 256> table{};
    for (std::uint32_t i = 0; i < table.size(); ++i) {
        std::uint32_t crc = i << 24;
        for (int bit = 0; bit < 8; ++bit)
            crc = crc << 1 ^ ((crc & 0x8000'0000U) != 0 ? 0x04C1'1DB7U : 0U);
        table[i] = crc;
    }
    return table;
}

constexpr auto kCrcTable = make_crc_table();

/// Builds a section in the payload of one packet.
class SectionWriter {
public:
    SectionWriter(TsPacketBuffer out, std::uint16_t pid, std::uint8_t counter) noexcept : out_(out) {
        at_ = write_ts_head(out, {.pid = pid, .counter = counter, .unit_start = true}, kTsPayloadSize);
        std::memset(out.data() + at_, 0xFF, kTsPayloadSize);
        u8(0);  // pointer_field
        begin_ = at_;
    }

    void u8(unsigned v) noexcept { out_[at_++] = static_cast<std::byte>(v & 0xFF); }
    void u16(unsigned v) noexcept {
        u8(v >> 8);
        u8(v);
    }

    /// The fields that PAT and PMT share; the length is filled in by finish().
    void long_header(std::uint8_t table_id, std::uint16_t extension) noexcept {
        u8(table_id);
        u16(0);
        u16(extension);
        u8(0xC1);  // version 0, current
        u8(0);     // section_number
        u8(0);     // last_section_number
    }

    void finish() noexcept {
        const auto length = static_cast<unsigned>(at_ - begin_ - 3 + kCrcSize);
        out_[begin_ + 1] = static_cast<std::byte>(0xB0U | length >> 8);
        out_[begin_ + 2] = static_cast<std::byte>(length & 0xFF);
        const std::uint32_t crc = ts_crc32(Bytes(out_).subspan(begin_, at_ - begin_));
        u16(crc >> 16);
        u16(crc & 0xFFFF);
    }

private:
    TsPacketBuffer out_;
    std::size_t at_ = 0;
    std::size_t begin_ = 0;
};

void write_stream(SectionWriter& section, std::uint8_t stream_type, std::uint16_t pid,
                  std::string_view registration) noexcept {
    section.u8(stream_type);
    section.u16(0xE000U | pid);
    section.u16(0xF000U | (registration.empty() ? 0U : 2U + static_cast<unsigned>(registration.size())));
    if (registration.empty()) return;
    section.u8(kRegistrationDescriptor);
    section.u8(static_cast<unsigned>(registration.size()));
    for (const char letter : registration)
        section.u8(static_cast<unsigned char>(letter));
}

}  // namespace

std::uint32_t ts_crc32(Bytes section) noexcept {
    std::uint32_t crc = 0xFFFF'FFFF;
    for (const std::byte b : section)
        crc = crc << 8 ^ kCrcTable[crc >> 24 ^ std::to_integer<std::uint32_t>(b)];
    return crc;
}

void write_ts_pat(TsPacketBuffer out, std::uint8_t counter) noexcept {
    SectionWriter section(out, kTsPatPid, counter);
    section.long_header(kPatTableId, kTransportStreamId);
    section.u16(kProgramNumber);
    section.u16(0xE000U | kTsPmtPid);
    section.finish();
}

void write_ts_pmt(TsPacketBuffer out, std::uint8_t counter, const TsPlan& plan) noexcept {
    SectionWriter section(out, kTsPmtPid, counter);
    section.long_header(kPmtTableId, kProgramNumber);
    section.u16(0xE000U | (plan.pcr_source() == kTsVideo ? kTsVideoPid : kTsAudioPid));
    section.u16(0xF000);  // no program descriptors
    if (plan.video()) {
        const bool hevc = plan.video()->codec == TsVideoTrack::Codec::hevc;
        const TsCodec& carried = *ts_codec(hevc ? media::Codec::hevc : media::Codec::h264);
        write_stream(section, carried.stream_type, kTsVideoPid, carried.registration);
    }
    if (plan.audio()) {
        const TsAudioTrack& audio = *plan.audio();
        write_stream(section, ts_stream_type(audio.codec, audio.sample_rate), kTsAudioPid,
                     ts_codec(audio.codec)->registration);
    }
    section.finish();
}

}  // namespace mezz::package
