// Bounds-checked reading of bits, most significant first.
#pragma once

#include <cstdint>

#include "core/bytes.hpp"

namespace mezz {

/// Reads untrusted bits. A read past the end yields 0 and makes ok() false for good. Does not own the bytes.
class BitReader {
public:
    explicit BitReader(Bytes bytes) noexcept : bytes_(bytes) {}

    [[nodiscard]] bool ok() const noexcept { return ok_; }

    /// An unsigned integer of n ≤ 32 bits.
    std::uint32_t bits(unsigned n) noexcept {
        std::uint32_t value = 0;
        for (; n > 0; --n, ++position_) {
            const std::size_t byte = position_ / 8;
            if (byte >= bytes_.size()) {
                ok_ = false;
                return 0;
            }
            value = value << 1 | (std::to_integer<std::uint32_t>(bytes_[byte]) >> (7 - position_ % 8) & 1U);
        }
        return value;
    }

    bool flag() noexcept { return bits(1) != 0; }

    void skip(unsigned n) noexcept {
        for (; n > 32; n -= 32)
            (void)bits(32);
        (void)bits(n);
    }

    /// ue(v), ITU-T H.264 §9.1.
    std::uint32_t unsigned_golomb() noexcept {
        unsigned zeros = 0;
        while (ok_ && !flag())
            ++zeros;
        if (zeros >= 32) ok_ = false;
        return ok_ ? (1U << zeros) - 1 + bits(zeros) : 0;
    }

    /// se(v), ITU-T H.264 §9.1.1.
    std::int32_t signed_golomb() noexcept {
        const std::uint32_t code = unsigned_golomb();
        const auto half = static_cast<std::int32_t>(code / 2 + code % 2);
        return code % 2 == 1 ? half : -half;
    }

private:
    Bytes bytes_;
    std::size_t position_ = 0;
    bool ok_ = true;
};

}  // namespace mezz
