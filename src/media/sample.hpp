// One coded picture or audio frame, as a packager needs it.
#pragma once

#include <cstdint>

namespace mezz::media {

/// Times are ticks of the track's timescale on the title's presentation time line, edit list applied: the
/// title starts at 0, so a first `dts` may be negative. Presentation time is `dts + composition_offset`.
struct Sample {
    std::uint64_t offset = 0;  ///< first byte in the file
    std::int64_t dts = 0;
    std::uint32_t size = 0;      ///< bytes
    std::uint32_t duration = 0;  ///< ticks
    std::int32_t composition_offset = 0;
    bool sync = false;
};

}  // namespace mezz::media
