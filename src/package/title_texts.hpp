// The text tracks in a title's MP4 files.
#pragma once

#include <span>
#include <vector>

#include "package/title_builder.hpp"

namespace mezz::package {

/// Adds the text tracks in MP4 files to the texts, not yet indexed. Files of one title usually hold the same
/// ones: of each language and kind, those of one file are enough, and none if `texts` has it already.
void add_track_texts(std::span<const SourceFile> files, std::vector<SourceText>& texts);

/// What the catalog left open of a text is as its track says.
void complete_text(const media::TrackView& track, SourceText& text);

}  // namespace mezz::package
