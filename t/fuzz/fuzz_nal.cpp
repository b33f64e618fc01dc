// Fuzzes the division of access units: the units lie in the data, in order, and joined again they are divided
// alike. What is made of their parameter sets is a configuration that can be read.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <vector>

#include "media/codec.hpp"
#include "media/nal_units.hpp"
#include "media/parameter_sets.hpp"

namespace {

using mezz::Bytes;

void require(bool holds) {
    if (!holds) std::abort();
}

void check_places(Bytes data, const std::vector<Bytes>& units) {
    const std::byte* end = data.data();
    for (const Bytes unit : units) {
        require(!unit.empty() && unit.data() >= end);
        end = unit.data() + unit.size();
    }
    require(end <= data.data() + data.size());
}

bool are_same(Bytes a, Bytes b) {
    return std::vector<std::byte>(a.begin(), a.end()) == std::vector<std::byte>(b.begin(), b.end());
}

void check_start_codes(Bytes data) {
    std::vector<Bytes> units;
    mezz::media::split_start_codes(data, units);
    check_places(data, units);
    std::vector<std::byte> joined;
    mezz::ByteWriter writer(joined);
    for (const Bytes unit : units) {
        writer.u32(1);
        writer.bytes(unit);
    }
    std::vector<Bytes> again;
    mezz::media::split_start_codes(joined, again);
    require(again.size() == units.size());
    for (std::size_t i = 0; i < units.size(); ++i)
        require(are_same(units[i], again[i]));
}

void check_sets(mezz::media::Codec codec, Bytes data, std::size_t length_size) {
    const auto sets = mezz::media::find_parameter_sets(codec, data, length_size);
    const auto config = mezz::media::write_decoder_config(codec, sets, length_size);
    if (!config) return;
    const auto read =
        codec == mezz::media::Codec::hevc ? mezz::media::read_hevc(*config) : mezz::media::read_avc(*config);
    require(read && !read->sets_in_pictures && read->nal_length_size == length_size);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    const Bytes data = std::as_bytes(std::span(bytes, size));
    check_start_codes(data);
    for (const std::size_t length_size : {1U, 2U, 4U}) {
        std::vector<Bytes> units;
        (void)mezz::media::split_lengths(data, length_size, units);
        check_places(data, units);
        check_sets(mezz::media::Codec::h264, data, length_size);
        check_sets(mezz::media::Codec::hevc, data, length_size);
    }
    return 0;
}
