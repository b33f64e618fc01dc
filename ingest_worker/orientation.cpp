#include "orientation.hpp"

#include <cmath>

namespace mezz::worker {

std::string Orientation::filters() const {
    if (transpose) {
        // cclock_flip exchanges the axes and does nothing else.
        if (mirror_x && mirror_y) return "transpose=dir=clock_flip,";
        if (mirror_x) return "transpose=dir=clock,";
        if (mirror_y) return "transpose=dir=cclock,";
        return "transpose=dir=cclock_flip,";
    }
    return std::string(mirror_x ? "hflip," : "") + (mirror_y ? "vflip," : "");
}

// A point (x, y) is shown at (a·x + c·y, b·x + d·y) with a = m[0], b = m[1], c = m[3], d = m[4].
Orientation orientation_of(std::span<const std::int32_t, 9> matrix) noexcept {
    const double a = matrix[0];
    const double b = matrix[1];
    const double c = matrix[3];
    const double d = matrix[4];
    if (a * d - b * c == 0) return {};
    if (std::abs(b) + std::abs(c) > std::abs(a) + std::abs(d)) return {true, c < 0, b < 0};
    return {false, a < 0, d < 0};
}

}  // namespace mezz::worker
