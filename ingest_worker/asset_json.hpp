// Writes the descriptor of a title, as catalog/asset.hpp reads it.
#pragma once

#include <string>
#include <vector>

#include "job.hpp"
#include "mezzanine_check.hpp"
#include "transcode_report.hpp"

namespace mezz::worker {

/// asset.json of what was made; `facts` of each of report.renditions. Members beyond those that the module
/// reads: "video_id", "duration_ms", of each rendition "width", "height", "codecs", "bandwidth" (peak, bits a
/// second), "average_bandwidth"; "subtitles"; "thumbs"; "notes". Fails with kind internal if the module would
/// not read it.
[[nodiscard]] Outcome<std::string> make_asset_json(const Job& job, const TranscodeReport& report,
                                                   const std::vector<RenditionFacts>& facts);

}  // namespace mezz::worker
