// The EXT-X-MEDIA lines of a multivariant playlist (RFC 8216bis §4.4.6.1): what viewers choose from.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "package/hls_audio.hpp"
#include "package/playlist.hpp"

namespace mezz::package {

inline constexpr std::string_view kTextGroup = "subs";

/// Appends a line for each member of each audio group. The groups' members say the same of themselves, but
/// for CHANNELS and URI (§4.4.6.1.1). `muxed`, which is in the segments of the variants, has no URI; it may
/// be null.
void append_audio_choices(const TitleView& title, std::span<const AudioGroup> groups,
                          const RenditionRecord* muxed, std::string_view query, std::string& out);

/// Appends a line for each text track.
void append_text_choices(const TitleView& title, Format format, std::string_view query, std::string& out);

}  // namespace mezz::package
