// Samples of a movie fragment (ISO/IEC 14496-12 §8.8).
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "core/error.hpp"
#include "media/box.hpp"
#include "media/sample.hpp"
#include "media/sample_position.hpp"

namespace mezz::media {

/// What a fragment may leave out: the values of `trex`, and how its times become presentation times.
struct FragmentDefaults {
    std::uint32_t track_id = 0;
    std::uint32_t duration = 0;                ///< ticks
    std::uint32_t size = 0;                    ///< bytes
    std::uint32_t flags = 0;                   ///< sample flags, §8.8.3.1
    std::int64_t shift = 0;                    ///< ticks to add to media time
    std::uint32_t description = 0;             ///< that samples must have, from 1; 0: any
    std::span<const DefaultSize> all_sizes{};  ///< of all tracks of the file
    /// When a fragment begins that does not say it (§8.8.12): where the one before ends. As Sample::dts.
    std::optional<std::int64_t> begin{};
};

/// Whether a moof box is a CMAF chunk's (ISO/IEC 23000-19 §7.3.2.3): one track, one run, offsets that count
/// from the moof, so that chunk and data can be sent wherever they stood in the file, and its time.
[[nodiscard]] bool is_chunk(const Box& moof) noexcept;

/// Appends the samples that `moof` describes for the track. Sample data must lie within `file_size` bytes.
/// Fails with bad_media if it does not, a box is broken, or nobody says when it begins; with unsupported if a
/// sample description is used that is not the one of `defaults`.
[[nodiscard]] Result<void> read_fragment(const Box& moof, const FragmentDefaults& defaults,
                                         std::uint64_t file_size, std::vector<Sample>& out);

}  // namespace mezz::media
