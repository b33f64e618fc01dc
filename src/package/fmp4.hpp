// CMAF from ordinary MP4 (ISO/IEC 23000-19 §7): a header, and a fragment for a segment.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core/byte_range.hpp"
#include "core/error.hpp"
#include "media/file_index.hpp"
#include "media/sample.hpp"

namespace mezz::package {

/// Writes the CMAF header: ftyp and moov without samples. An audio track's priming is skipped by an edit
/// list; a video track has none, its composition offsets are negative where they must.
[[nodiscard]] std::vector<std::byte> write_init_segment(const media::TrackView& track);

/// A fragment: its head, and where in the file its samples lie.
struct FragmentPlan {
    std::vector<std::byte> head;    ///< moof and the header of mdat
    std::vector<ByteRange> ranges;  ///< in order; neighbours are joined
    std::uint64_t size = 0;         ///< bytes of all
};

/// Plans segment n of a track. Samples are in decoding order and not empty. Fails with too_large if they
/// exceed 4 GiB.
[[nodiscard]] Result<FragmentPlan> plan_fragment(const media::TrackView& track,
                                                 std::span<const media::Sample> samples, std::uint32_t n);

/// Bytes of the head that plan_fragment() usually makes for that many samples in that many pieces.
[[nodiscard]] std::uint64_t fragment_head_size(const media::TrackView& track, std::uint64_t samples,
                                               std::uint32_t pieces) noexcept;

}  // namespace mezz::package
