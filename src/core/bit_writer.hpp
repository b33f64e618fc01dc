// Appending of bits, most significant first.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace mezz {

/// Appends bits to a vector that the caller owns; the byte that is begun ends with zeros.
class BitWriter {
public:
    explicit BitWriter(std::vector<std::byte>& out) noexcept : out_(&out) {}

    /// The lowest n ≤ 32 bits of a value.
    void bits(std::uint32_t value, unsigned n) {
        for (; n > 0; --n) {
            if (used_ == 0) out_->push_back({});
            if ((value >> (n - 1) & 1U) != 0) out_->back() |= static_cast<std::byte>(0x80U >> used_);
            used_ = (used_ + 1) % 8;
        }
    }

    void flag(bool value) { bits(value ? 1 : 0, 1); }

    void zeros(unsigned n) {
        for (; n > 32; n -= 32)
            bits(0, 32);
        bits(0, n);
    }

private:
    std::vector<std::byte>* out_;
    unsigned used_ = 0;  // bits of the last byte, 0 if all
};

}  // namespace mezz
