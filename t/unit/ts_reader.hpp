// A strict reader of the transport streams that Mezz makes, for tests: it refuses whatever the standard does.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/bytes.hpp"

namespace mezz::test {

struct ReadPes {
    std::uint16_t pid = 0;
    std::uint64_t pts = 0;
    std::uint64_t dts = 0;
    bool has_dts = false;
    bool untimed = false;  ///< neither PTS nor DTS
    bool random_access = false;
    std::optional<std::uint64_t> pcr;  ///< in the packet that it begins in
    std::uint64_t last_pcr = 0;        ///< the stream's clock when it begins; 0 before the first
    std::vector<std::byte> payload;
};

/// Reads successive segments of one rendition; continuity counters and clock are checked across them.
class TsReader {
public:
    /// Reads one segment. False if anything is wrong; error() says what.
    bool read(Bytes segment) {
        pes.clear();
        open_.clear();
        stream_types.clear();
        registrations.clear();
        pmt_pid_ = pcr_pid_ = kNone;
        pcr_packets = 0;
        if (segment.size() % 188 != 0) return no("size is no multiple of 188");
        for (std::size_t i = 0; i < segment.size(); i += 188)
            if (!packet(segment.subspan(i, 188), i / 188)) return false;
        for (const auto& [pid, index] : open_)
            if (!close(index)) return false;
        return pcr_pid_ != kNone || no("no PMT");
    }

    [[nodiscard]] const std::string& error() const { return error_; }

    std::vector<ReadPes> pes;  ///< of the last segment, in the order of their first packets
    std::map<std::uint16_t, std::uint8_t> stream_types;
    std::map<std::uint16_t, std::string> registrations;
    unsigned pcr_packets = 0;           ///< that carry nothing else
    std::uint64_t longest_pcr_gap = 0;  ///< 90 kHz ticks, over all segments

private:
    static constexpr std::uint16_t kNone = 0xFFFF;

    bool no(std::string text) {
        error_ = std::move(text);
        return false;
    }

    bool packet(Bytes bytes, std::size_t index) {
        ByteReader in(bytes);
        if (in.u8() != 0x47) return no("sync byte");
        const unsigned flags = in.u16();
        const unsigned control = in.u8();
        const auto pid = static_cast<std::uint16_t>(flags & 0x1FFF);
        if ((flags & 0xA000) != 0) return no("error or priority flag");
        if ((control & 0xC0) != 0) return no("scrambled");
        const bool has_payload = (control & 0x10) != 0;
        if (!continues(pid, control & 15, has_payload)) return false;
        random_access_ = false;
        pcr_.reset();
        if ((control & 0x20) != 0 && !adaptation(in, pid, has_payload)) return false;
        if (!has_payload) {
            ++pcr_packets;
            return pcr_.has_value() || no("packet without payload and PCR");
        }
        if (in.remaining() == 0) return no("no payload");
        if (index < 2) return section(in, pid, index);
        return elementary(in.rest(), pid, (flags & 0x4000) != 0);
    }

    bool continues(std::uint16_t pid, unsigned counter, bool has_payload) {
        const bool table = pid == 0 || pid == pmt_pid_;
        const auto it = counters_.try_emplace(pid, table ? (counter + 15) & 15 : 15).first;
        const unsigned expected = has_payload ? (it->second + 1) & 15 : it->second;
        if (counter != expected) return no("continuity counter of PID " + std::to_string(pid));
        it->second = counter;
        return true;
    }

    bool adaptation(ByteReader& in, std::uint16_t pid, bool has_payload) {
        const unsigned length = in.u8();
        if (has_payload ? length > 182 : length != 183) return no("adaptation field length");
        ByteReader field(in.take(length));
        if (length == 0) return true;
        const unsigned flags = field.u8();
        if ((flags & 0xAF) != 0) return no("adaptation field flags");
        random_access_ = (flags & 0x40) != 0;
        if ((flags & 0x10) != 0) {
            const std::uint64_t high = field.u32();
            const unsigned low = field.u16();
            if ((low & 0x7E00) != 0x7E00 || (low & 0x1FF) != 0) return no("PCR extension");
            if (!clock(high << 1 | low >> 15, pid)) return false;
        }
        while (field.ok() && field.remaining() > 0)
            if (field.u8() != 0xFF) return no("stuffing byte");
        return field.ok() || no("adaptation field");
    }

    bool clock(std::uint64_t pcr, std::uint16_t pid) {
        if (pid != pcr_pid_) return no("PCR on the wrong PID");
        if (last_pcr_) {
            const std::uint64_t gap = (pcr - *last_pcr_) & kMask;
            if (gap == 0 || gap > kMask / 2) return no("PCR does not rise");
            longest_pcr_gap = std::max(longest_pcr_gap, gap);
        }
        last_pcr_ = pcr_ = pcr;
        return true;
    }

    static std::uint32_t crc(Bytes bytes) {
        std::uint32_t value = 0xFFFFFFFF;
        for (const std::byte b : bytes)
            for (int i = 7; i >= 0; --i) {
                const bool bit = ((value >> 31) ^ (std::to_integer<unsigned>(b) >> i & 1)) != 0;
                value = value << 1 ^ (bit ? 0x04C11DB7U : 0U);
            }
        return value;
    }

    bool section(ByteReader& in, std::uint16_t pid, std::size_t index) {
        if (pid != (index == 0 ? 0 : pmt_pid_)) return no("segment does not begin with PAT, PMT");
        if (in.u8() != 0) return no("pointer_field");
        const Bytes rest = in.rest();
        ByteReader head(rest);
        const unsigned table = head.u8();
        const unsigned length = head.u16();
        if (table != (index == 0 ? 0U : 2U)) return no("table_id");
        if ((length & 0xFC00) != 0xB000) return no("section flags");
        const std::size_t size = 3 + (length & 0x3FF);
        if (size > rest.size() || crc(rest.first(size)) != 0) return no("section CRC");
        for (const std::byte b : rest.subspan(size))
            if (b != std::byte{0xFF}) return no("section stuffing");
        ByteReader body(rest.first(size - 4));
        (void)body.u24();
        if (body.u16() != 1 || body.u8() != 0xC1 || body.u16() != 0) return no("section header");
        return index == 0 ? pat(body) : pmt(body);
    }

    bool pat(ByteReader& body) {
        if (body.u16() != 1) return no("program number");
        pmt_pid_ = body.u16() & 0x1FFF;
        return (body.ok() && body.remaining() == 0) || no("PAT");
    }

    bool pmt(ByteReader& body) {
        pcr_pid_ = body.u16() & 0x1FFF;
        if (body.u16() != 0xF000) return no("program_info_length");
        while (body.ok() && body.remaining() > 0) {
            const std::uint8_t type = body.u8();
            const auto pid = static_cast<std::uint16_t>(body.u16() & 0x1FFF);
            stream_types[pid] = type;
            const unsigned length = body.u16();
            if ((length & 0xF000) != 0xF000) return no("ES_info_length");
            ByteReader descriptors(body.take(length & 0xFFF));
            if (descriptors.remaining() == 0) continue;
            if (descriptors.u16() != 0x0504 || descriptors.remaining() != 4) return no("descriptor");
            registrations[pid] = as_text(descriptors.rest());
        }
        return (body.ok() && stream_types.contains(pcr_pid_)) || no("PMT");
    }

    bool elementary(Bytes payload, std::uint16_t pid, bool unit_start) {
        if (!stream_types.contains(pid)) return no("PID is not in the PMT");
        if (unit_start) {
            if (open_.contains(pid) && !close(open_[pid])) return false;
            return begin(payload, pid);
        }
        if (random_access_ || pcr_) return no("RAI or PCR within a PES packet");
        if (!open_.contains(pid)) return no("payload before the first PES packet");
        auto& to = pes[open_[pid]].payload;
        to.insert(to.end(), payload.begin(), payload.end());
        return true;
    }

    static std::optional<std::uint64_t> time(ByteReader& in, unsigned prefix) {
        const std::uint64_t a = in.u8();
        const std::uint64_t b = in.u16();
        const std::uint64_t c = in.u16();
        if (a >> 4 != prefix || (a & b & c & 1) == 0) return std::nullopt;
        return (a >> 1 & 7) << 30 | b >> 1 << 15 | c >> 1;
    }

    bool begin(Bytes payload, std::uint16_t pid) {
        ReadPes read{.pid = pid, .random_access = random_access_, .pcr = pcr_, .payload = {}};
        ByteReader in(payload);
        if (in.u24() != 1) return no("PES start code");
        const bool audio = stream_types[pid] != 0x1B && stream_types[pid] != 0x24;
        const bool dolby = stream_types[pid] == 0x81 || stream_types[pid] == 0x87;
        if (in.u8() != (dolby ? 0xBD : audio ? 0xC0 : 0xE0)) return no("stream_id");
        const unsigned length = in.u16();
        if (in.u8() != 0x84) return no("PES flags");
        const unsigned flags = in.u8();
        const unsigned header = in.u8();
        if (flags == 0) return begin_untimed(in, std::move(read), header, length);
        if (flags != 0x80 && flags != 0xC0) return no("PTS_DTS_flags");
        if (header != (flags == 0xC0 ? 10U : 5U)) return no("PES_header_data_length");
        const auto pts = time(in, flags >> 6);
        const auto dts = flags == 0xC0 ? time(in, 1) : pts;
        if (!in.ok() || !pts || !dts) return no("time stamp");
        if (flags == 0xC0 && pts == dts) return no("DTS equals PTS");
        if (audio == (length == 0)) return no("PES_packet_length");
        if (pid == pcr_pid_ && !pcr_) return no("no PCR with a PES packet");
        if (pcr_ && ((*dts - *pcr_) & kMask) > kMask / 2) return no("PCR after DTS");
        if (last_pcr_ && ((*dts - *last_pcr_) & kMask) > kMask / 2) return no("clock after DTS");
        read.pts = *pts;
        read.dts = *dts;
        read.has_dts = flags == 0xC0;
        read.last_pcr = last_pcr_.value_or(0);
        return open(in, std::move(read), length == 0 ? 0 : length - 3 - header);
    }

    // Sound from before the title begins has no time stamp; only beside video.
    bool begin_untimed(ByteReader& in, ReadPes read, unsigned header, unsigned length) {
        if (header != 0 || length == 0 || read.pid == pcr_pid_) return no("PES without PTS");
        read.untimed = true;
        return open(in, std::move(read), length - 3);
    }

    bool open(ByteReader& in, ReadPes read, std::size_t expected) {
        const Bytes rest = in.rest();
        read.payload.assign(rest.begin(), rest.end());
        expected_[read.pid] = expected;
        open_[read.pid] = pes.size();
        pes.push_back(std::move(read));
        return true;
    }

    bool close(std::size_t index) {
        const std::size_t expected = expected_[pes[index].pid];
        return expected == 0 || pes[index].payload.size() == expected || no("PES_packet_length and payload");
    }

    static constexpr std::uint64_t kMask = (std::uint64_t{1} << 33) - 1;
    std::string error_;
    std::map<std::uint16_t, unsigned> counters_;
    std::map<std::uint16_t, std::size_t> open_;
    std::map<std::uint16_t, std::size_t> expected_;
    std::uint16_t pmt_pid_ = kNone;
    std::uint16_t pcr_pid_ = kNone;
    bool random_access_ = false;
    std::optional<std::uint64_t> pcr_;
    std::optional<std::uint64_t> last_pcr_;
};

}  // namespace mezz::test
