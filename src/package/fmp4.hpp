// CMAF from ordinary MP4 (ISO/IEC 23000-19 §7): a header, and a fragment for a segment.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core/byte_range.hpp"
#include "core/error.hpp"
#include "media/file_index.hpp"
#include "media/sample.hpp"
#include "package/title.hpp"

namespace mezz::package {

/// Writes the CMAF header: ftyp and moov without samples. An audio track's priming is skipped by an edit
/// list; a video track has none, its composition offsets are negative where they must.
[[nodiscard]] std::vector<std::byte> write_init_segment(const media::TrackView& track);

/// Ticks that decode times are later in fragments than in samples, so that none is negative; the header takes
/// them off again. Of files that have their own fragments: as in these.
[[nodiscard]] std::int64_t decode_shift(const media::TrackView& track) noexcept;

/// A fragment: its head, and where in the file its samples lie.
struct FragmentPlan {
    std::vector<std::byte> head;    ///< moof and the header of mdat
    std::vector<ByteRange> ranges;  ///< in order; neighbours are joined
    std::uint64_t size = 0;         ///< bytes of all
};

/// Plans segment n of a track. Samples are in decoding order and not empty. Gaps of their decode times
/// become part of the sample before. Fails with too_large if they exceed 4 GiB, with unsupported if an edit
/// list hides so much that composition offsets do not fit into 32 bits.
[[nodiscard]] Result<FragmentPlan> plan_fragment(const media::TrackView& track,
                                                 std::span<const media::Sample> samples, std::uint32_t n);

/// Bytes of the head that plan_fragment() makes for a segment of these pieces, not counting rare forms. For
/// Layout::fragments an estimate of what the file holds.
[[nodiscard]] std::uint64_t fragment_head_size(const media::TrackView& track, PieceRange pieces) noexcept;

/// Samples of a range of pieces; an estimate for Layout::fragments.
[[nodiscard]] std::uint64_t sample_count(const media::TrackView& track, PieceRange pieces) noexcept;

}  // namespace mezz::package
