// The last step of a title: its files are checked, described and put in their places.
#pragma once

#include "job.hpp"
#include "staging.hpp"
#include "transcode_report.hpp"

namespace mezz::worker {

/// Checks each rendition as the module will read it, writes asset.json and renames all files, that one last.
[[nodiscard]] Outcome<Ready> publish_title(const Job& job, const TranscodeReport& report, Staging& staging,
                                           JobControl& control);

}  // namespace mezz::worker
