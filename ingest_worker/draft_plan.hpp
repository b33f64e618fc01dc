// The draft of a title whose source cannot be copied: one low quality of all of it, so that it can be watched
// long before its ladder is done.
#pragma once

#include <vector>

#include "plan.hpp"

namespace mezz::worker {

/// Names of what a draft consists of, so that no file of the ladder has the same: "draft", "audio-eng-draft".
inline constexpr const char* kDraftVideo = "draft";
inline constexpr const char* kDraftSuffix = "-draft";

/// H.264 of at most 360 lines, which every player can play, quickly encoded; each audio track in stereo; the
/// subtitles. Of the thumbnails the poster.
[[nodiscard]] TitlePlan draft_plan(const MediaInfo& info);

/// Whether a draft is there much sooner than what `ladder` makes of the title. False without pictures.
[[nodiscard]] bool draft_pays(const MediaInfo& info, const std::vector<Rung>& ladder);

}  // namespace mezz::worker
