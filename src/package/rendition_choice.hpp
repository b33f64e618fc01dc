// Titles of which only some renditions are shown.
#pragma once

#include <cstdint>
#include <vector>

#include "package/playback_query.hpp"
#include "package/request_path.hpp"
#include "package/title.hpp"

namespace mezz::package {

/// By how many lines people name a video rendition: the shorter side of its picture, so that 720x1280 is
/// 720p. 0 for audio.
[[nodiscard]] std::uint32_t quality_of(const RenditionRecord& rendition) noexcept;

/// Renditions to be shown, by their index.
using Choice = std::vector<bool>;

/// Which renditions of a title pass a filter in a format, and no other. In hls/ the audio that is in the
/// segments of video stays with these.
[[nodiscard]] Choice choose(const TitleView& title, const RenditionFilter& filter, Format format);

/// Whether a choice leaves something of each kind of media, video and audio, that the title has in that
/// format.
[[nodiscard]] bool leaves_each_kind(const TitleView& title, const Choice& choice, Format format) noexcept;

/// Whether a viewer who may see pictures of up to `max_height` lines may have what a URL asks for: a
/// rendition, or a top manifest in which something is left of each kind.
[[nodiscard]] bool is_within(const TitleView& title, const RequestPath& path, std::uint32_t max_height);

/// The block of a title that has just these renditions; all else is the title's. If its default audio is
/// not among them, the first audio is the default one.
[[nodiscard]] std::vector<std::byte> with_renditions(const TitleView& title, const Choice& choice);

}  // namespace mezz::package
