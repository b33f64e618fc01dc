#include "package/query_gaps.hpp"

#include <algorithm>
#include <cstdint>
#include <cstring>

namespace mezz::package {

// The block: how many gaps, after how many bytes of text each, the text.
std::vector<std::byte> pack_text(std::string_view marked) {
    std::vector<std::uint32_t> gaps{
        static_cast<std::uint32_t>(std::ranges::count(marked, kQueryMark.front()))};
    std::string text;
    text.reserve(marked.size());
    for (const char c : marked) {
        if (c == kQueryMark.front())
            gaps.push_back(static_cast<std::uint32_t>(text.size()));
        else
            text += c;
    }
    const Bytes numbers = std::as_bytes(std::span(gaps));
    std::vector<std::byte> block(numbers.begin(), numbers.end());
    block.insert(block.end(), as_bytes(text).begin(), as_bytes(text).end());
    return block;
}

std::string fill_text(Bytes block, std::string_view query) {
    const auto number = [block](std::size_t i) {
        std::uint32_t value = 0;
        std::memcpy(&value, block.data() + i * sizeof value, sizeof value);
        return value;
    };
    const std::size_t gaps = number(0);
    const std::string_view text = as_text(block.subspan((gaps + 1) * sizeof(std::uint32_t)));
    if (query.empty()) return std::string(text);
    std::string filled;
    filled.reserve(text.size() + gaps * query.size());
    std::size_t done = 0;
    for (std::size_t i = 1; i <= gaps; ++i) {
        const std::size_t gap = number(i);
        filled += text.substr(done, gap - done);
        filled += query;
        done = gap;
    }
    filled += text.substr(done);
    return filled;
}

}  // namespace mezz::package
