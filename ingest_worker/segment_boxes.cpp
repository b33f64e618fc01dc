#include "segment_boxes.hpp"

#include <algorithm>

namespace mezz::worker {
namespace {

constexpr std::uint32_t kLongestRange = 0xFFFFFF;

std::vector<std::byte> box(const char* type, const std::vector<std::byte>& payload) {
    std::vector<std::byte> bytes;
    bytes.reserve(8 + payload.size());
    ByteWriter out(bytes);
    out.u32(8 + payload.size());
    out.text(type);
    out.bytes(payload);
    return bytes;
}

void put_level(std::vector<std::uint32_t>& ranges, std::uint32_t level, std::uint32_t bytes) {
    do {
        const std::uint32_t part = std::min(bytes, kLongestRange);
        ranges.push_back(level << 24 | part);
        bytes -= part;
    } while (bytes > 0);
}

std::vector<std::byte> ssix(const std::vector<FragmentFacts>& fragments) {
    std::vector<std::byte> payload;
    ByteWriter out(payload);
    out.u32(0);
    out.u32(fragments.size());
    for (const FragmentFacts& fragment : fragments) {
        std::vector<std::uint32_t> ranges;
        put_level(ranges, 1, fragment.head);
        put_level(ranges, 2, fragment.bytes - fragment.head);
        out.u32(ranges.size());
        for (const std::uint32_t range : ranges)
            out.u32(range);
    }
    return box("ssix", payload);
}

std::vector<std::byte> sidx(const std::vector<FragmentFacts>& fragments, std::uint32_t track_id,
                            std::uint32_t timescale, std::int64_t end, std::size_t first_offset) {
    constexpr std::uint32_t kStartsWithSapOfType1 = 1U << 31 | 1U << 28;
    std::vector<std::byte> payload;
    ByteWriter out(payload);
    out.u32(0);
    out.u32(track_id);
    out.u32(timescale);
    out.u32(0);  // earliest presentation time
    out.u32(first_offset);
    out.u16(0);
    out.u16(fragments.size());
    for (std::size_t i = 0; i < fragments.size(); ++i) {
        const std::int64_t next = i + 1 < fragments.size() ? fragments[i + 1].time : end;
        out.u32(fragments[i].bytes);
        out.u32(static_cast<std::uint64_t>(next - fragments[i].time));
        out.u32(kStartsWithSapOfType1);
    }
    return box("sidx", payload);
}

}  // namespace

std::vector<std::byte> segment_boxes(const std::vector<FragmentFacts>& fragments, std::uint32_t track_id,
                                     std::uint32_t timescale, std::int64_t end) {
    const std::vector<std::byte> second = ssix(fragments);
    std::vector<std::byte> both = sidx(fragments, track_id, timescale, end, second.size());
    both.insert(both.end(), second.begin(), second.end());
    return both;
}

}  // namespace mezz::worker
