// Counts the NAL units of samples whose length prefixes are shorter than a start code.
#pragma once

#include <cstdint>

#include "core/bytes.hpp"

namespace mezz::package {

/// Counts the NAL units of one sample, which arrives in pieces of any size, as TsMuxer will find them: a
/// length that passes the sample's end is cut there.
class NalCounter {
public:
    /// A sample of `size` bytes whose length prefixes have `prefix` bytes, 1 to 4.
    NalCounter(unsigned prefix, std::uint32_t size) noexcept : prefix_(prefix), left_(size) {}

    /// Takes the next bytes of the sample.
    void feed(Bytes bytes) noexcept;

    [[nodiscard]] std::uint32_t count() const noexcept { return count_; }

private:
    unsigned prefix_;
    std::uint32_t left_;      // bytes of the sample
    std::uint32_t skip_ = 0;  // of them, of the present NAL unit
    std::uint32_t length_ = 0;
    unsigned prefix_read_ = 0;
    std::uint32_t count_ = 0;
};

}  // namespace mezz::package
