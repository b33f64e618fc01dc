#include "nal_framing.hpp"

#include <algorithm>
#include <cstring>
#include <new>

namespace mezz::worker {
namespace {

constexpr std::size_t kPrefix = 4;  // a length or a start code, in what is written
constexpr unsigned kLowFive = 0x1F;

std::unexpected<Failure> broken() {
    return give_up(FailureKind::source, "The pictures' stream is damaged.");
}

Bytes without_trailing_zeros(Bytes unit) noexcept {
    while (!unit.empty() && unit.back() == std::byte{0})
        unit = unit.first(unit.size() - 1);
    return unit;
}

// Where the next 00 00 01 is, or the end.
std::size_t find_start_code(Bytes data, std::size_t from) noexcept {
    for (std::size_t i = from; i + 2 < data.size(); ++i) {
        const void* const one = std::memchr(data.data() + i + 2, 1, data.size() - i - 2);
        if (one == nullptr) break;
        i = static_cast<std::size_t>(static_cast<const std::byte*>(one) - data.data()) - 2;
        if (data[i] == std::byte{0} && data[i + 1] == std::byte{0}) return i;
    }
    return data.size();
}

void split_start_codes(Bytes data, std::vector<Bytes>& units) {
    constexpr std::size_t kCode = 3;
    std::size_t at = find_start_code(data, 0);
    while (at < data.size()) {
        const std::size_t next = find_start_code(data, at + kCode);
        const Bytes unit = without_trailing_zeros(data.subspan(at + kCode, next - at - kCode));
        if (!unit.empty()) units.push_back(unit);
        at = next;
    }
}

bool split_lengths(Bytes data, std::size_t length_size, std::vector<Bytes>& units) {
    while (!data.empty()) {
        if (data.size() < length_size) return false;
        std::size_t length = 0;
        for (const std::byte b : data.first(length_size))
            length = length << 8 | std::to_integer<std::size_t>(b);
        data = data.subspan(length_size);
        if (length > data.size()) return false;
        if (length > 0) units.push_back(data.first(length));
        data = data.subspan(length);
    }
    return true;
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
    if (length_size_ > 0) return split_lengths(data, length_size_, units);
    split_start_codes(data, units);
    return true;
}

bool NalFraming::is_known(Bytes set) const {
    const Bytes bare = without_trailing_zeros(set);
    return std::ranges::any_of(sets_, [bare](const auto& known) { return std::ranges::equal(known, bare); });
}

bool NalFraming::read_avcc(Bytes head) {
    constexpr std::size_t kLengthSize = 4;
    ByteReader in(head);
    in.skip(kLengthSize);
    length_size_ = (in.u8() & 3U) + 1;
    for (const unsigned mask : {kLowFive, 0xFFU})  // SPS, then PPS
        for (unsigned left = in.u8() & mask; left > 0 && in.ok(); --left) {
            const Bytes set = without_trailing_zeros(in.take(in.u16()));
            sets_.emplace_back(set.begin(), set.end());
        }
    head_[kLengthSize] |= std::byte{3};
    return in.ok();
}

bool NalFraming::read_hvcc(Bytes head) {
    constexpr std::size_t kLengthSize = 21;
    ByteReader in(head);
    in.skip(kLengthSize);
    length_size_ = (in.u8() & 3U) + 1;
    for (unsigned arrays = in.u8(); arrays > 0 && in.ok(); --arrays) {
        in.skip(1);
        for (unsigned left = in.u16(); left > 0 && in.ok(); --left) {
            const Bytes set = without_trailing_zeros(in.take(in.u16()));
            sets_.emplace_back(set.begin(), set.end());
        }
    }
    head_[kLengthSize] |= std::byte{3};
    return in.ok();
}

bool NalFraming::read_head(Bytes head) {
    head_.assign(head.begin(), head.end());
    if (head.size() < 7) return false;
    if (head.front() == std::byte{1}) return hevc_ ? read_hvcc(head) : read_avcc(head);
    std::vector<Bytes> units;
    split_start_codes(head, units);
    for (const Bytes unit : units)
        if (role(unit) == Role::parameter_set) sets_.emplace_back(unit.begin(), unit.end());
    return true;
}

Outcome<NalFraming> NalFraming::open(const AVCodecParameters& stream) {
    NalFraming framing(stream.codec_id == AV_CODEC_ID_HEVC);
    const auto size = static_cast<std::size_t>(std::max(stream.extradata_size, 0));
    if (!framing.read_head(std::as_bytes(std::span(stream.extradata, size))) || framing.sets_.empty())
        return broken();
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
