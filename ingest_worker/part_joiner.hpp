// Joins the parts of a rendition, each a mezzanine file of its own whose times begin at 0, without encoding
// anew.
#pragma once

#include <cstdint>
#include <span>

#include "failure.hpp"
#include "unique_fd.hpp"

namespace mezz::worker {

/// Writes the joined file and makes it durable. The fragments stay as they are but for their number and time.
/// Fails with kind indivisible if the parts' heads differ, with kind internal if one cannot be read.
[[nodiscard]] Outcome<void> join_parts(std::span<const UniqueFd> parts, int to);

/// Gives a moof box (whole, with its header) another number, and adds to the times of its tracks. False if it
/// has no mfhd or tfdt, or the time does not fit.
[[nodiscard]] bool renumber_fragment(std::span<std::byte> moof, std::uint32_t number, std::uint64_t add_time);

}  // namespace mezz::worker
