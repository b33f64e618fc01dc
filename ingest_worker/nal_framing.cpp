#include "nal_framing.hpp"

#include <algorithm>
#include <cstring>
#include <new>

#include "media/codec.hpp"
#include "media/nal_units.hpp"

namespace mezz::worker {
namespace {

constexpr std::size_t kPrefix = 4;  // a length or a start code, in what is written
constexpr unsigned kLowFive = 0x1F;
constexpr std::size_t kAvcLengthSize = 4;  // where avcC and hvcC have it, minus one, in the low two bits
constexpr std::size_t kHevcLengthSize = 21;

std::unexpected<Failure> broken() {
    return give_up(FailureKind::source, "The pictures' stream is damaged.");
}

}  // namespace

NalFraming::Role NalFraming::role(Bytes unit) const noexcept {
    const auto first = std::to_integer<unsigned>(unit.front());
    const unsigned type = hevc_ ? first >> 1 & 0x3F : first & kLowFive;
    if (hevc_) {  // ITU-T H.265 table 7-1
        if (type >= 16 && type <= 21) return Role::random_access;
        if (type >= 32 && type <= 34) return Role::parameter_set;
        return type == 35 ? Role::delimiter : Role::other;
    }
    switch (type) {  // ITU-T H.264 table 7-1
        case 5:
            return Role::random_access;
        case 7:
        case 8:
        case 13:
            return Role::parameter_set;
        case 9:
            return Role::delimiter;
        default:
            return Role::other;
    }
}

bool NalFraming::split(Bytes data, std::vector<Bytes>& units) const {
    if (length_size_ > 0) return media::split_lengths(data, length_size_, units);
    media::split_start_codes(data, units);
    return true;
}

bool NalFraming::is_known(Bytes set) const {
    const Bytes bare = media::without_trailing_zeros(set);
    return std::ranges::any_of(sets_, [bare](const auto& known) { return std::ranges::equal(known, bare); });
}

bool NalFraming::read_head(Bytes head) {
    head_.assign(head.begin(), head.end());
    std::vector<Bytes> units;
    if (head.empty()) return false;
    if (head.front() != std::byte{1}) {
        media::split_start_codes(head, units);
        return keep_sets(units);
    }
    const auto details = hevc_ ? media::read_hevc(head) : media::read_avc(head);
    if (!details) return false;
    length_size_ = details->nal_length_size;
    head_[hevc_ ? kHevcLengthSize : kAvcLengthSize] |= std::byte{kPrefix - 1};
    media::split_start_codes(details->parameter_sets, units);
    return keep_sets(units);
}

bool NalFraming::keep_sets(const std::vector<Bytes>& units) {
    for (const Bytes unit : units)
        if (role(unit) == Role::parameter_set) sets_.emplace_back(unit.begin(), unit.end());
    return !sets_.empty();
}

Outcome<NalFraming> NalFraming::open(const AVCodecParameters& stream) {
    NalFraming framing(stream.codec_id == AV_CODEC_ID_HEVC);
    const auto size = static_cast<std::size_t>(std::max(stream.extradata_size, 0));
    if (!framing.read_head(std::as_bytes(std::span(stream.extradata, size)))) return broken();
    return framing;
}

Outcome<bool> NalFraming::rewrite(AVPacket& packet) const {
    std::vector<Bytes> units;
    const auto size = static_cast<std::size_t>(std::max(packet.size, 0));
    if (!split(std::as_bytes(std::span(packet.data, size)), units)) return broken();
    bool random_access = false;
    std::size_t bytes = 0;
    std::vector<Bytes> kept;
    kept.reserve(units.size());
    for (const Bytes unit : units) {
        const Role what = role(unit);
        random_access = random_access || what == Role::random_access;
        if (what == Role::parameter_set && !is_known(unit))
            return give_up(FailureKind::source, "The pictures' format changes within the file.");
        if (what == Role::parameter_set || what == Role::delimiter) continue;
        kept.push_back(unit);
        bytes += kPrefix + unit.size();
    }
    if (kept.empty()) return broken();
    const bool unchanged = kept.size() == units.size() && length_size_ == kPrefix && bytes == size;
    if (!unchanged) replace(packet, kept, bytes);
    return random_access;
}

void NalFraming::replace(AVPacket& packet, const std::vector<Bytes>& units, std::size_t bytes) const {
    const Av<AVPacket> made = make_packet();
    if (bytes > INT32_MAX / 2 || av_new_packet(made.get(), static_cast<int>(bytes)) < 0 ||
        av_packet_copy_props(made.get(), &packet) < 0)
        throw std::bad_alloc();
    std::uint8_t* to = made->data;
    for (const Bytes unit : units) {
        const std::size_t prefix = length_size_ == 0 ? 1 : unit.size();
        for (std::size_t i = 0; i < kPrefix; ++i)
            *to++ = static_cast<std::uint8_t>(prefix >> (8 * (kPrefix - 1 - i)));
        std::memcpy(to, unit.data(), unit.size());
        to += unit.size();
    }
    av_packet_unref(&packet);
    av_packet_move_ref(&packet, made.get());
}

}  // namespace mezz::worker
