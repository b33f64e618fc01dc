// Decides where a title is cut into chunks.
#pragma once

#include <optional>

#include "plan.hpp"
#include "split_plan.hpp"

namespace mezz::worker {

/// The whole plan as a text: equal texts make equal files.
[[nodiscard]] std::string describe_plan(const TitlePlan& plan);

/// How long the chunks of a title of that length are, in seconds, in their order; one: it is not split. At
/// most `order.chunk_seconds` (a draft's ten times that), and 10 s at least. With several workers they become
/// shorter towards the end, so that none is idle for long while the others end; a draft's, each of which
/// costs little beside its beginning, are as many as there are workers, or a multiple.
[[nodiscard]] std::vector<double> chunk_lengths(double seconds, const TranscodeOrder& order);

/// Cuts into chunks of about chunk_lengths(), each on the grid of the renditions' keyframes, soon after a
/// keyframe of the source. Each chunk is read from that one if nothing shown after it can need what comes
/// before (IDR pictures and the like), else from the one before it, so that its pictures are decoded as they
/// would be in one go. nullopt if the title is short, or the file is of a type, or in a state, that is better
/// read in one go. The file is read around the cuts, and its last seconds are decoded.
[[nodiscard]] Outcome<std::optional<SplitPlan>> plan_split(int fd, const MediaInfo& info,
                                                           const TitlePlan& plan,
                                                           const TranscodeOrder& order);

}  // namespace mezz::worker
