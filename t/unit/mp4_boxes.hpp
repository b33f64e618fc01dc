// Boxes for tests, from the inside out.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string_view>
#include <vector>

#include "core/bytes.hpp"

namespace mezz::test {

using Buffer = std::vector<std::byte>;

/// A payload, field by field.
class Fields {
public:
    Fields& u8(std::uint64_t v) { return put(v, 1); }
    Fields& u16(std::uint64_t v) { return put(v, 2); }
    Fields& u24(std::uint64_t v) { return put(v, 3); }
    Fields& u32(std::uint64_t v) { return put(v, 4); }
    Fields& u64(std::uint64_t v) { return put(v, 8); }
    Fields& zeros(std::size_t n) {
        bytes_.resize(bytes_.size() + n);
        return *this;
    }
    Fields& text(std::string_view s) { return add(as_bytes(s)); }
    Fields& add(Bytes part) {
        bytes_.insert(bytes_.end(), part.begin(), part.end());
        return *this;
    }
    [[nodiscard]] std::size_t size() const { return bytes_.size(); }
    operator const Buffer&() const { return bytes_; }
    operator Bytes() const { return bytes_; }

private:
    Fields& put(std::uint64_t v, int n) {
        for (int i = n; i-- > 0;)
            bytes_.push_back(static_cast<std::byte>(v >> (8 * i) & 0xFF));
        return *this;
    }
    Buffer bytes_;
};

inline Buffer join(std::initializer_list<Bytes> parts) {
    Fields out;
    for (const Bytes part : parts)
        out.add(part);
    return out;
}

inline Buffer box(std::string_view type, Bytes payload) {
    return Fields().u32(8 + payload.size()).text(type).add(payload);
}

/// With a 64-bit size.
inline Buffer large_box(std::string_view type, Bytes payload) {
    return Fields().u32(1).text(type).u64(16 + payload.size()).add(payload);
}

/// That says it lasts to the end of the file.
inline Buffer open_box(std::string_view type, Bytes payload) {
    return Fields().u32(0).text(type).add(payload);
}

inline Buffer full_box(std::string_view type, unsigned version, std::uint32_t flags, Bytes payload) {
    return box(type, Fields().u8(version).u24(flags).add(payload));
}

/// The parameter sets of avc_config(), in Annex B.
inline Buffer annex_b_sets() {
    return Fields().u32(1).u32(0x6742C01E).u32(1).u32(0x68CE3C80);
}

/// A payload of avcC: Baseline, one SPS, one PPS.
inline Buffer avc_config(unsigned nal_length_size = 4) {
    return Fields()
        .u32(0x0142C01E)
        .u8(0xFC | (nal_length_size - 1))
        .u8(0xE1)
        .u16(4)
        .u32(0x6742C01E)
        .u8(1)
        .u16(4)
        .u32(0x68CE3C80);
}

inline Buffer avc_entry(Bytes more = {}, std::string_view type = "avc1") {
    return box(type, Fields()
                         .zeros(6)
                         .u16(1)
                         .zeros(16)
                         .u16(64)
                         .u16(36)
                         .zeros(50)
                         .add(box("avcC", avc_config()))
                         .add(more));
}

/// A payload of esds with short lengths.
inline Buffer es_descriptor(Bytes specific_config, unsigned object_type = 0x40) {
    const auto n = specific_config.size();
    return Fields()
        .u32(0)
        .u8(3)
        .u8(3 + 15 + 2 + n)
        .u16(1)
        .u8(0)
        .u8(4)
        .u8(13 + 2 + n)
        .u8(object_type)
        .u8(0x15)
        .zeros(11)
        .u8(5)
        .u8(n)
        .add(specific_config);
}

/// AudioSpecificConfig: AAC-LC, 44100 Hz, stereo.
inline Buffer lc_config() {
    return Fields().u16(0x1210);
}

inline Buffer mp4a_entry(Bytes specific_config) {
    return box("mp4a", Fields()
                           .zeros(6)
                           .u16(1)
                           .zeros(8)
                           .u16(2)
                           .u16(16)
                           .zeros(4)
                           .u32(44100U << 16)
                           .add(box("esds", es_descriptor(specific_config))));
}

}  // namespace mezz::test
