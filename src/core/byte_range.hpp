// A range of a file.
#pragma once

#include <cstdint>

namespace mezz {

struct ByteRange {
    std::uint64_t offset = 0;  ///< bytes from the start of the file
    std::uint64_t length = 0;  ///< bytes

    [[nodiscard]] std::uint64_t end() const noexcept { return offset + length; }
    friend bool operator==(const ByteRange&, const ByteRange&) = default;
};

}  // namespace mezz
