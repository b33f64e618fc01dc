// Decides where a title is cut into chunks.
#pragma once

#include <optional>

#include "plan.hpp"
#include "split_plan.hpp"

namespace mezz::worker {

/// The whole plan as a text: equal texts make equal files.
[[nodiscard]] std::string describe_plan(const TitlePlan& plan);

/// Into how many chunks a title of that length is split, 1: it is not. They last `order.chunk_seconds` (a
/// draft's ten times that), or less where all of `order.workers` would not be busy to the end, but 10 s at
/// least.
[[nodiscard]] std::size_t chunk_count(double seconds, const TranscodeOrder& order) noexcept;

/// Cuts into chunk_count() chunks of about the same length, each on the grid of the renditions' keyframes,
/// soon after a keyframe of the source. Each chunk is read from the keyframe before that one, so that its
/// pictures are decoded as they would be in one go. nullopt if the title is short, or the file is of a type,
/// or in a state, that is better read in one go. The file is read around the cuts, and its last seconds are
/// decoded.
[[nodiscard]] Outcome<std::optional<SplitPlan>> plan_split(int fd, const MediaInfo& info,
                                                           const TitlePlan& plan,
                                                           const TranscodeOrder& order);

}  // namespace mezz::worker
