// The part of a file's index that tells where the samples of a text track are. Internal to the index builder.
#pragma once

#include "media/index_block.hpp"
#include "media/sample_source.hpp"

namespace mezz::media {

/// Notes where samples can be read on from. Fails with bad_media if the tables contradict each other, with
/// too_large if there are more samples than cues that a text track may have.
[[nodiscard]] Result<TrackDraft> draft_text(const MovieTrack& track, SampleSource& source, Layout layout);

}  // namespace mezz::media
