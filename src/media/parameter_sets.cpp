#include "media/parameter_sets.hpp"

#include <algorithm>
#include <span>
#include <utility>

#include "media/codec_avc_sps.hpp"
#include "media/codec_hevc_sps.hpp"
#include "media/nal_units.hpp"

namespace mezz::media {
namespace {

constexpr std::size_t kAvcSpsHead = 4;  // NAL unit header, profile, compatibility, level
constexpr std::size_t kNalHead = 2;     // of HEVC; a set of H.264 is not shorter
constexpr unsigned kVps = 32;           // nal_unit_type of HEVC (ITU-T H.265 §7.4.2.2)
constexpr unsigned kSps = 33;
constexpr unsigned kPps = 34;

void add(std::vector<Bytes>& units, Bytes padded) {
    const Bytes unit = without_trailing_zeros(padded);
    const auto is_unit = [unit](Bytes other) { return std::ranges::equal(unit, other); };
    if (unit.size() >= kNalHead && std::ranges::none_of(units, is_unit)) units.push_back(unit);
}

// False if the unit is a slice (ITU-T H.264 §7.4.1, table 7-1).
bool take_avc(Bytes unit, ParameterSets& sets) {
    const unsigned type = std::to_integer<unsigned>(unit[0]) & 31U;
    if (type == 7) add(sets.sps, unit);
    if (type == 8) add(sets.pps, unit);
    return type == 0 || type > 5;
}

bool take_hevc(Bytes unit, ParameterSets& sets) {
    const unsigned type = std::to_integer<unsigned>(unit[0]) >> 1 & 63U;
    if (type == kVps) add(sets.vps, unit);
    if (type == kSps) add(sets.sps, unit);
    if (type == kPps) add(sets.pps, unit);
    return type >= kVps;
}

bool fits(std::span<const Bytes> units, std::size_t most) noexcept {
    constexpr std::size_t kLongest = 65535;
    return units.size() <= most &&
           std::ranges::all_of(units, [](Bytes unit) { return unit.size() <= kLongest; });
}

void write_units(ByteWriter& out, std::span<const Bytes> units) {
    for (const Bytes unit : units) {
        out.u16(unit.size());
        out.bytes(unit);
    }
}

Result<std::vector<std::byte>> write_avc_config(const ParameterSets& sets, std::size_t length_size) {
    if (!fits(sets.sps, 31) || !fits(sets.pps, 255))
        return fail(ErrorCode::unsupported, "avc3: more parameter sets than avcC can hold");
    const Bytes sps = sets.sps.front();
    const auto format = sps.size() < kAvcSpsHead ? std::nullopt : avc_sample_format(sps.subspan(1));
    if (!format) return fail(ErrorCode::bad_media, "avc3: the first SPS cannot be read");
    std::vector<std::byte> config;
    ByteWriter out(config);
    out.u8(1);
    out.bytes(sps.subspan(1, 3));
    out.u8(0xFC | (length_size - 1));
    out.u8(0xE0 | sets.sps.size());
    write_units(out, sets.sps);
    out.u8(sets.pps.size());
    write_units(out, sets.pps);
    if (!format->is_high) return config;
    out.u8(0xFC | format->chroma_format);
    out.u8(0xF8 | format->luma_bits_minus8);
    out.u8(0xF8 | format->chroma_bits_minus8);
    out.u8(0);
    return config;
}

Result<std::vector<std::byte>> write_hevc_config(const ParameterSets& sets, std::size_t length_size) {
    constexpr std::size_t kMost = 64;  // of SPS and PPS there are 16 and 64
    if (!fits(sets.vps, kMost) || !fits(sets.sps, kMost) || !fits(sets.pps, kMost))
        return fail(ErrorCode::unsupported, "hev1: more parameter sets than HEVC has");
    const Bytes first = sets.sps.front();
    const HevcSps sps = parse_hevc_sps(first.subspan(kNalHead));
    if (!sps.format) return fail(ErrorCode::bad_media, "hev1: the first SPS cannot be read");
    std::vector<std::byte> config;
    ByteWriter out(config);
    out.u8(1);
    out.bytes(sps.format->profile);
    out.u16(0xF000);
    out.u8(0xFC);
    out.u8(0xFC | sps.format->chroma_format);
    out.u8(0xF8 | sps.format->luma_bits_minus8);
    out.u8(0xF8 | sps.format->chroma_bits_minus8);
    out.u16(0);
    out.u8((sps.format->sub_layers_minus1 + 1U) << 3 | (sps.format->nested ? 4U : 0U) | (length_size - 1));
    out.u8(3);
    for (const auto& [type, units] : {std::pair(kVps, &sets.vps), {kSps, &sets.sps}, {kPps, &sets.pps}}) {
        out.u8(type);
        out.u16(units->size());
        write_units(out, *units);
    }
    return config;
}

}  // namespace

ParameterSets find_parameter_sets(Codec codec, Bytes sample, std::size_t length_size) {
    std::vector<Bytes> units;
    (void)split_lengths(sample, length_size, units);
    ParameterSets sets;
    for (const Bytes unit : units)
        if (!(codec == Codec::hevc ? take_hevc(unit, sets) : take_avc(unit, sets))) break;
    return sets;
}

bool are_among(const ParameterSets& sets, std::span<const Bytes> units) noexcept {
    const auto is_known = [units](Bytes set) {
        return std::ranges::any_of(units, [set](Bytes unit) { return std::ranges::equal(set, unit); });
    };
    return std::ranges::all_of(sets.vps, is_known) && std::ranges::all_of(sets.sps, is_known) &&
           std::ranges::all_of(sets.pps, is_known);
}

Result<std::vector<std::byte>> write_decoder_config(Codec codec, const ParameterSets& sets,
                                                    std::size_t length_size) {
    const bool hevc = codec == Codec::hevc;
    if (sets.sps.empty() || sets.pps.empty() || (hevc && sets.vps.empty()))
        return fail(ErrorCode::bad_media, hevc
                                              ? "hev1: no parameter sets in hvcC nor in the first key frame"
                                              : "avc3: no parameter sets in avcC nor in the first key frame");
    return hevc ? write_hevc_config(sets, length_size) : write_avc_config(sets, length_size);
}

}  // namespace mezz::media
