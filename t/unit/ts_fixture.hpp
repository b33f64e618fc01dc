// Made-up tracks for the transport stream tests, and what a muxer must make of them.
#pragma once

#include <algorithm>
#include <cstdint>
#include <random>
#include <span>
#include <vector>

#include "core/bytes.hpp"
#include "media/sample.hpp"
#include "package/ts_muxer.hpp"

namespace mezz::test {

using Buffer = std::vector<std::byte>;
using Codec = package::TsVideoTrack::Codec;

/// A track: its file, and the table of its samples.
struct FakeTrack {
    std::uint32_t timescale = 90000;
    Buffer file;
    std::vector<media::Sample> samples;
    std::int64_t next_dts = 0;

    void add(Bytes bytes, std::uint32_t duration, std::int32_t composition_offset = 0, bool sync = true) {
        file.resize(file.size() + 3);  // samples need not touch
        samples.push_back({.offset = file.size(),
                           .dts = next_dts,
                           .size = static_cast<std::uint32_t>(bytes.size()),
                           .duration = duration,
                           .composition_offset = composition_offset,
                           .sync = sync});
        file.insert(file.end(), bytes.begin(), bytes.end());
        next_dts += duration;
    }

    [[nodiscard]] Bytes bytes_of(const media::Sample& sample) const {
        return Bytes(file).subspan(static_cast<std::size_t>(sample.offset), sample.size);
    }
};

inline Buffer bytes(std::initializer_list<unsigned> values) {
    Buffer out;
    for (const unsigned v : values)
        out.push_back(static_cast<std::byte>(v));
    return out;
}

/// A number from 0 to n - 1.
inline unsigned below(std::mt19937& random, std::size_t n) {
    return static_cast<unsigned>(random() % n);
}

inline Buffer random_bytes(std::mt19937& random, std::size_t size) {
    Buffer out(size);
    for (std::byte& b : out)
        b = static_cast<std::byte>(random() & 0xFF);
    return out;
}

/// Appends a NAL unit with its length; the first byte is `type_byte`.
inline void append_nal(Buffer& sample, std::mt19937& random, std::size_t size, unsigned type_byte = 0x41) {
    ByteWriter out(sample);
    out.u32(size);
    if (size > 0) out.u8(type_byte);
    if (size > 1) out.bytes(random_bytes(random, size - 1));
}

inline Buffer picture(std::mt19937& random, std::size_t size) {
    Buffer sample;
    while (sample.size() + 5 < size) {
        const std::size_t left = size - sample.size() - 4;
        append_nal(sample, random, below(random, 3) == 0 ? left : 1 + below(random, left));
    }
    return sample;
}

/// What a decoder must be given for a picture, by the letter of the rules.
inline Buffer expected_picture(Bytes sample, Codec codec, Bytes parameter_sets, bool sync) {
    Buffer out = codec == Codec::h264 ? bytes({0, 0, 0, 1, 9, 0xF0}) : bytes({0, 0, 0, 1, 0x46, 1, 0x50});
    if (sync) out.insert(out.end(), parameter_sets.begin(), parameter_sets.end());
    ByteWriter writer(out);
    for (bool first = true; !sample.empty(); first = false) {
        if (sample.size() < 4) {
            writer.zeros(sample.size());
            break;
        }
        const std::size_t claimed = ByteReader(sample).u32();
        const std::size_t length = std::min(claimed, sample.size() - 4);
        const Bytes nal = sample.subspan(4, length);
        sample = sample.subspan(4 + length);
        const unsigned type = nal.empty() ? 0 : std::to_integer<unsigned>(nal[0]);
        const bool delimiter = codec == Codec::h264 ? (type & 31) == 9 : (type >> 1 & 63) == 35;
        if (first && delimiter && claimed == length && length <= 3) continue;
        writer.u32(nal.empty() ? 0 : 1);
        writer.bytes(nal);
    }
    return out;
}

/// How input and output are cut into pieces.
struct Cut {
    std::size_t input = 1 << 20;
    std::size_t output = 65536;
    bool random = false;  ///< the sizes above are maxima
};

struct Muxed {
    Buffer bytes;
    bool finished = false;
};

/// Muxes a whole plan. Gives up (finished false) when the muxer makes no progress or more than planned.
inline Muxed mux(const package::TsPlan& plan, const FakeTrack* video, const FakeTrack* audio,
                 const Cut& cut = {}) {
    package::TsMuxer muxer(plan);
    std::mt19937 random(7);
    Muxed muxed;
    Buffer room(cut.output);
    while (!muxer.done() && muxed.bytes.size() <= plan.size()) {
        const package::TsNeed need = muxer.need();
        Bytes input;
        if (need.length > 0) {
            const FakeTrack& track = need.source == package::kTsVideo ? *video : *audio;
            if (need.offset + need.length > track.file.size()) return muxed;
            input = Bytes(track.file).subspan(static_cast<std::size_t>(need.offset));
        }
        const std::size_t most = cut.random ? 1 + below(random, cut.input) : cut.input;
        const Buffer piece(input.begin(),
                           input.begin() + static_cast<std::ptrdiff_t>(std::min(most, input.size())));
        const std::size_t space = cut.random ? 1 + below(random, cut.output) : cut.output;
        const auto [consumed, produced] = muxer.run(piece, std::span(room).first(space));
        if (consumed > piece.size() || produced > space || consumed + produced == 0) return muxed;
        muxed.bytes.insert(muxed.bytes.end(), room.begin(),
                           room.begin() + static_cast<std::ptrdiff_t>(produced));
    }
    muxed.finished = muxer.done() && muxer.need().length == 0 && muxer.run({}, room).produced == 0;
    return muxed;
}

}  // namespace mezz::test
