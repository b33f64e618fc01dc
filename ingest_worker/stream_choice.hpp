// Which streams of a file are the title.
#pragma once

#include "demuxer.hpp"
#include "probe.hpp"

namespace mezz::worker {

/// Chooses the real video with the most pixels (no cover art, no thumbnails), the audio tracks of its
/// program, and text subtitles; notes what is left out. `info.video` has only its stream set. Fails with kind
/// source if there is neither video nor audio, or if the video has no decoder.
[[nodiscard]] Outcome<void> choose_streams(const Demuxer& source, MediaInfo& info);

}  // namespace mezz::worker
