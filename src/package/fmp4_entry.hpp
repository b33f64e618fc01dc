// Sample entries of CMAF headers. Internal to the writer of init segments.
#pragma once

#include "core/bytes.hpp"
#include "media/file_index.hpp"

namespace mezz::package {

/// Appends the sample entry of a track: its configuration as the file has it, and what describes colours.
void write_sample_entry(ByteWriter& out, const media::TrackView& track);

}  // namespace mezz::package
