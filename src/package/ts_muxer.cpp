#include "package/ts_muxer.hpp"

#include <algorithm>
#include <cstring>

#include "package/ts_psi.hpp"
#include "package/ts_time.hpp"

namespace mezz::package {
namespace {

constexpr unsigned kPsiPackets = 2;

std::uint16_t pid_of(unsigned source) noexcept {
    return source == kTsVideo ? kTsVideoPid : kTsAudioPid;
}

}  // namespace

TsMuxer::TsMuxer(const TsPlan& plan) noexcept : plan_(&plan), psi_packets_left_(kPsiPackets) {
    begin_pes();
}

bool TsMuxer::done() const noexcept {
    return pes_ == plan_->pes().size() && psi_packets_left_ == 0 && pcr_packets_left_ == 0 &&
           between_packets();
}

TsNeed TsMuxer::need() const noexcept {
    const auto pes = plan_->pes();
    if (pes_ == pes.size()) return {};
    TsNeed need = payload_.need();
    for (std::size_t i = pes_ + 1; need.length == 0 && i < pes.size(); ++i)
        need = TsPayload::first_need(*plan_, pes[i]);
    return need;
}

void TsMuxer::begin_pes() noexcept {
    if (pes_ == plan_->pes().size()) {
        pcr_packets_left_ = plan_->tail_pcr_packets();
        return;
    }
    const TsPes& pes = plan_->pes()[pes_];
    open_ = false;
    packets_left_ = pes.packets;
    pcr_packets_left_ = pes.pcr_packets;
    if (pcr_packets_left_ > 0 && !last_pcr_) last_pcr_ = plan_->decoding_time(pes) - kTsPcrDelay - kTsPcrStep;
    payload_.load(*plan_, pes);
}

void TsMuxer::settle() noexcept {
    while (between_packets() && pes_ < plan_->pes().size() && packets_left_ == 0) {
        ++pes_;
        begin_pes();
    }
}

TsMuxer::Progress TsMuxer::run(Bytes input, std::span<std::byte> output) noexcept {
    const TsNeed wanted = need();
    TsInput source(wanted.source, wanted.offset, input);
    std::size_t produced = 0;
    while (produced < output.size() && !done()) {
        std::size_t n = 0;
        const auto rest = output.subspan(produced);
        if (!head_.empty()) {
            n = std::min(rest.size(), head_.size());
            std::memcpy(rest.data(), head_.data(), n);
            head_ = head_.subspan(n);
        } else if (room_ > 0) {
            n = payload_.write(rest.first(std::min(rest.size(), room_)), source);
            room_ -= n;
            if (n == 0) break;
        } else {
            n = plain_packets(rest, source);
            if (n == 0 && !next_packet(source)) break;
        }
        produced += n;
        settle();
    }
    return {source.used(), produced};
}

// Nearly all packets are a header and the next 184 bytes of the file. The last one of a PES packet is not
// among them, nor are those that a short PES packet is stretched over.
std::size_t TsMuxer::plain_packets(std::span<std::byte> output, TsInput& input) noexcept {
    if (psi_packets_left_ > 0 || pcr_packets_left_ > 0 || !open_ || packets_left_ < 2) return 0;
    const std::uint64_t spare = unpacked_ - (packets_left_ - 1);
    if (spare < kTsPayloadSize) return 0;
    const std::uint64_t most =
        std::min<std::uint64_t>({packets_left_ - 1, (spare - kTsPayloadSize) / (kTsPayloadSize - 1) + 1,
                                 output.size() / kTsPacketSize});
    const Bytes payload =
        payload_.take_plain(kTsPayloadSize, static_cast<std::size_t>(most) * kTsPayloadSize, input);
    const std::size_t count = payload.size() / kTsPayloadSize;
    const unsigned source = plan_->pes()[pes_].source;
    write_plain_ts_packets(output.data(), pid_of(source), counters_[source], payload);
    counters_[source] = static_cast<std::uint8_t>(counters_[source] + count);
    packets_left_ -= static_cast<std::uint32_t>(count);
    unpacked_ -= payload.size();
    return count * kTsPacketSize;
}

bool TsMuxer::next_packet(TsInput& input) noexcept {
    if (psi_packets_left_ > 0) {
        next_psi();
    } else if (pcr_packets_left_ > 0) {
        next_pcr();
    } else {
        if (!open_ && !payload_.open(input)) return false;
        next_of_pes();
    }
    return true;
}

void TsMuxer::next_psi() noexcept {
    const auto counter = static_cast<std::uint8_t>(plan_->segment_number() & 0x0F);
    if (psi_packets_left_-- == kPsiPackets)
        write_ts_pat(buffer_, counter);
    else
        write_ts_pmt(buffer_, counter, *plan_);
    head_ = buffer_;
}

void TsMuxer::next_pcr() noexcept {
    const unsigned source = plan_->pcr_source();
    *last_pcr_ += kTsPcrStep;
    --pcr_packets_left_;
    const auto last_counter = static_cast<std::uint8_t>(counters_[source] - 1);
    write_ts_pcr_packet(buffer_, pid_of(source), last_counter, static_cast<std::uint64_t>(*last_pcr_));
    head_ = buffer_;
}

void TsMuxer::next_of_pes() noexcept {
    const TsPes& pes = plan_->pes()[pes_];
    TsPacketHead head{.pid = pid_of(pes.source), .counter = counters_[pes.source]++};
    if (!open_) {
        open_ = true;
        unpacked_ = payload_.size();
        head.unit_start = true;
        if (pes.source == plan_->pcr_source()) {
            const std::int64_t clock = plan_->decoding_time(pes) - kTsPcrDelay;
            last_pcr_ = std::max(clock, last_pcr_.value_or(clock));
            head.pcr = static_cast<std::uint64_t>(*last_pcr_);
            head.random_access = pes.source == kTsAudio || plan_->first_sample(pes).sync;
        }
    }
    --packets_left_;
    // Each later packet must have a byte of payload, or it would not count.
    const std::uint64_t available = unpacked_ - packets_left_;
    const std::size_t most = kTsPayloadSize - ts_adaptation_size(head.random_access, head.pcr.has_value());
    room_ = static_cast<std::size_t>(std::min<std::uint64_t>(available, most));
    unpacked_ -= room_;
    head_ = Bytes(buffer_).first(write_ts_head(buffer_, head, room_));
}

}  // namespace mezz::package
