// The whole work of the protected process: one file in, the files of a title out.
#pragma once

#include "job.hpp"
#include "output_files.hpp"
#include "transcode_report.hpp"

namespace mezz::worker {

/// Probes the source and makes all renditions, pictures and subtitles in one pass over it. `progress` is told
/// of each rendition about twice a second.
[[nodiscard]] Outcome<TranscodeReport> transcode(int source_fd, const TranscodeOrder& order,
                                                 const OutputFiles& files, ProgressSink& progress);

}  // namespace mezz::worker
