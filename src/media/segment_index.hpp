// The segment index of a one-track fragmented file: sidx (ISO/IEC 14496-12 §8.16.3) and ssix (§8.16.4).
#pragma once

#include <cstdint>
#include <vector>

#include "core/error.hpp"
#include "media/box.hpp"

namespace mezz::media {

/// One subsegment.
struct Subsegment {
    std::uint32_t bytes = 0;
    std::uint32_t duration = 0;  ///< ticks of SegmentIndex::timescale
    std::uint32_t head = 0;      ///< bytes of moof and IDR, from ssix; 0 if unknown
    bool open = false;           ///< pictures after its first one need what is before (SAP type 3, Annex I)
};

struct SegmentIndex {
    std::uint32_t timescale = 0;
    std::int64_t earliest_time = 0;  ///< ticks
    std::uint64_t first_byte = 0;    ///< of the first subsegment in the file
    std::uint64_t end = 0;           ///< where the last subsegment ends
    bool all_sync = true;            ///< each subsegment is said to start with a stream access point
    std::vector<Subsegment> subsegments;
};

/// Parses `sidx`. Fails with unsupported for an index of indexes, with bad_media if the subsegments do not
/// fit into `file_size` bytes.
[[nodiscard]] Result<SegmentIndex> parse_segment_index(const Box& sidx, std::uint64_t file_size);

/// Adds each subsegment's first range from `ssix`. Fails with bad_media if the counts differ.
[[nodiscard]] Result<void> add_subsegment_index(const Box& ssix, SegmentIndex& index);

}  // namespace mezz::media
