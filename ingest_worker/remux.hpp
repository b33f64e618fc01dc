// Makes a title that can be watched at once: the source's own streams, copied into mezzanine files.
#pragma once

#include "job.hpp"
#include "output_files.hpp"
#include "transcode_report.hpp"

namespace mezz::worker {

/// Names of what a remux makes, so that no file of the ladder has the same: "source", "audio-eng-source".
inline constexpr const char* kCopiedVideo = "source";
inline constexpr const char* kCopiedSuffix = "-source";

/// Copies the pictures, if players can play them as they are, and the sound of each track; sound that they
/// cannot play, or that cannot be copied without gaps, is encoded. Subtitles and a poster are made, a
/// storyboard is not. Makes nothing but says what it needs if that is more work than the order allows. Fails
/// with kind source if the title must wait for its ladder instead; the reason says why.
[[nodiscard]] Outcome<TranscodeReport> remux(int source_fd, const TranscodeOrder& order,
                                             const OutputFiles& files, ProgressSink& progress);

}  // namespace mezz::worker
