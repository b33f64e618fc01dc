#include "media/nal_units.hpp"

#include <cstring>

namespace mezz::media {
namespace {

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

}  // namespace

Bytes without_trailing_zeros(Bytes unit) noexcept {
    while (!unit.empty() && unit.back() == std::byte{0})
        unit = unit.first(unit.size() - 1);
    return unit;
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

}  // namespace mezz::media
