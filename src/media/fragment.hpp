// Samples of a movie fragment (ISO/IEC 14496-12 §8.8).
#pragma once

#include <cstdint>
#include <vector>

#include "core/error.hpp"
#include "media/box.hpp"
#include "media/sample.hpp"

namespace mezz::media {

/// What a fragment may leave out: the values of `trex`, and how its times become presentation times.
struct FragmentDefaults {
    std::uint32_t track_id = 0;
    std::uint32_t duration = 0;  ///< ticks
    std::uint32_t size = 0;      ///< bytes
    std::uint32_t flags = 0;     ///< sample flags, §8.8.3.1
    std::int64_t shift = 0;      ///< ticks to add to media time
};

/// Appends the samples that `moof` describes for the track. Sample data must lie within `file_size` bytes.
[[nodiscard]] Result<void> read_fragment(const Box& moof, const FragmentDefaults& defaults,
                                         std::uint64_t file_size, std::vector<Sample>& out);

}  // namespace mezz::media
