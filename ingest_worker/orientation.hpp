// How a decoded picture must be turned to be seen upright.
#pragma once

#include <cstdint>
#include <span>
#include <string>

namespace mezz::worker {

/// First the picture's axes are exchanged, then it is mirrored.
struct Orientation {
    bool transpose = false;
    bool mirror_x = false;  ///< left and right
    bool mirror_y = false;  ///< top and bottom

    /// Filters that do it, each followed by a comma; empty if there is nothing to do.
    [[nodiscard]] std::string filters() const;
    friend bool operator==(const Orientation&, const Orientation&) = default;
};

/// From a display matrix (nine 16.16 and 2.30 numbers in libav's order): its rotation to the nearest quarter
/// turn, and its mirroring.
[[nodiscard]] Orientation orientation_of(std::span<const std::int32_t, 9> matrix) noexcept;

}  // namespace mezz::worker
