// A title's chapters, on its own clock and as a WebVTT file.
#pragma once

#include <vector>

#include "output_files.hpp"
#include "transcode_report.hpp"

namespace mezz::worker {

inline constexpr const char* kChaptersFile = "chapters.vtt";

/// Moves chapters of the file's clock (milliseconds) by `-start` and cuts them to the title's length: in
/// order, without those that are outside of it or last no time.
[[nodiscard]] std::vector<MadeChapter> chapters_of_title(std::vector<MadeChapter> chapters,
                                                         std::int64_t start, std::int64_t length);

/// The cues of a chapter track (WebVTT §1.4): titles in one line, escaped.
[[nodiscard]] std::string chapter_text(const std::vector<MadeChapter>& chapters);

/// Writes chapters.vtt, unless there are none.
[[nodiscard]] Outcome<void> write_chapters(const OutputFiles& files,
                                           const std::vector<MadeChapter>& chapters);

}  // namespace mezz::worker
