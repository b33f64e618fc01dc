// Which constant frame rate a source is given.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace mezz::worker {

/// Frames a second, as a fraction in lowest terms.
struct FrameRate {
    std::int64_t num = 0;
    std::int64_t den = 1;

    [[nodiscard]] double value() const noexcept {
        return static_cast<double>(num) / static_cast<double>(den);
    }
    [[nodiscard]] bool known() const noexcept { return num > 0 && den > 0; }
    friend bool operator==(const FrameRate&, const FrameRate&) = default;
};

/// The rate at which most pictures follow each other, judged from presentation times (microseconds, in any
/// order) and from what the file announces: `base` the rate all its times fit into, `average` pictures by
/// duration; either may be unknown. Where the times of pictures vary, it is the usual distance that counts,
/// so that no picture of the lively parts is lost. At most 60, by halving; 25 if nothing is known.
[[nodiscard]] FrameRate choose_frame_rate(std::span<const std::int64_t> times, FrameRate base,
                                          FrameRate average);

/// Twice the rate if that is at most 60, else the rate.
[[nodiscard]] FrameRate field_rate(FrameRate frames) noexcept;

/// Pictures from one keyframe to the next: those of 2 s, to the nearest whole number, even if `halved`
/// renditions must share the keyframes.
[[nodiscard]] std::int64_t gop_length(FrameRate rate, bool halved) noexcept;

/// Ticks of a picture, and ticks a second, such that both are whole and the second is at least 10,000.
struct FrameTiming {
    std::uint32_t timescale = 0;
    std::uint32_t ticks = 0;
};
[[nodiscard]] FrameTiming frame_timing(FrameRate rate) noexcept;

}  // namespace mezz::worker
