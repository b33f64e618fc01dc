// Conversion of times between timescales.
#pragma once

#include <cstdint>

namespace mezz {

/// value × to / from, rounded to the nearest integer, halves up. 128-bit inside, so no product overflows;
/// `from` must not be 0. A result beyond 64 bits is clamped.
[[nodiscard]] constexpr std::int64_t rescale(std::int64_t value, std::uint32_t to,
                                             std::uint32_t from) noexcept {
    if (to == from) return value;
    if (value >= 0) {  // nearly always enough, and a fraction of the cost
        std::uint64_t scaled = 0;
        if (!__builtin_mul_overflow(static_cast<std::uint64_t>(value), std::uint64_t{to} * 2, &scaled) &&
            !__builtin_add_overflow(scaled, std::uint64_t{from}, &scaled))
            return static_cast<std::int64_t>(scaled / (std::uint64_t{from} * 2));
    }
    __extension__ using Wide = __int128;
    const Wide divisor = static_cast<Wide>(from);
    const Wide scaled = static_cast<Wide>(value) * static_cast<Wide>(to) * 2 + divisor;
    const Wide twice = divisor * 2;
    Wide quotient = scaled / twice;
    if (scaled % twice < 0) --quotient;
    if (quotient > INT64_MAX) return INT64_MAX;
    if (quotient < INT64_MIN) return INT64_MIN;
    return static_cast<std::int64_t>(quotient);
}

}  // namespace mezz
