#include "matroska_size.hpp"

#include <bit>
#include <optional>

namespace mezz::worker {
namespace {

constexpr std::uint32_t kHead = 0x1A45DFA3;
constexpr std::uint32_t kSegment = 0x18538067;

// An element's size; nullopt for "unknown", which is all ones, and for what is none.
std::optional<std::uint64_t> read_size(ByteReader& in) noexcept {
    const std::uint8_t first = in.u8();
    const int more = std::countl_zero(first);
    if (more > 7) return std::nullopt;
    std::uint64_t value = first & (0x7FU >> more);
    for (int i = 0; i < more; ++i)
        value = value << 8 | in.u8();
    const std::uint64_t unknown = (std::uint64_t{1} << (7 * (more + 1))) - 1;
    if (!in.ok() || value == unknown) return std::nullopt;
    return value;
}

}  // namespace

bool is_cut_short(Bytes head, std::uint64_t size) noexcept {
    ByteReader in(head);
    if (in.u32() != kHead) return false;
    const auto head_size = read_size(in);
    if (!head_size) return false;
    in.skip(*head_size);
    if (in.u32() != kSegment) return false;
    const auto length = read_size(in);
    return length && (in.position() > size || *length > size - in.position());
}

}  // namespace mezz::worker
