// sidx (ISO/IEC 14496-12 §8.16.3) and ssix (§8.16.4) of a track file.
#pragma once

#include <cstdint>
#include <vector>

#include "core/bytes.hpp"

namespace mezz::worker {

/// A moof and its mdat.
struct FragmentFacts {
    std::uint32_t bytes = 0;
    std::uint32_t head = 0;  ///< bytes up to the end of the first sample
    std::int64_t time = 0;   ///< tfdt, ticks
};

/// The highest number of fragments that sidx can list.
inline constexpr std::size_t kMostFragments = 65535;

/// sidx and ssix, as they stand before the fragments: each fragment a subsegment that starts with an access
/// point of type 1, in two parts or more: up to the first sample's end (level 1), and the rest (level 2).
/// `end` is where the last fragment ends, ticks. At most kMostFragments.
[[nodiscard]] std::vector<std::byte> segment_boxes(const std::vector<FragmentFacts>& fragments,
                                                   std::uint32_t track_id, std::uint32_t timescale,
                                                   std::int64_t end);

}  // namespace mezz::worker
