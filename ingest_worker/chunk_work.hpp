// The protected process's part of a title that was split: one chunk of its pictures.
#pragma once

#include "job.hpp"
#include "output_files.hpp"
#include "transcode_report.hpp"

namespace mezz::worker {

/// Makes the ticks of `order.piece` of every video rendition from one decode; each file is one of its own
/// whose times begin at 0. Fails with kind indivisible if they cannot be what one go over the whole file
/// would give.
[[nodiscard]] Outcome<TranscodeReport> make_chunk(int source_fd, const TranscodeOrder& order,
                                                  const OutputFiles& files, ProgressSink& progress);

}  // namespace mezz::worker
