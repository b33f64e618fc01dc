// What the query of a URL asks for beside its path: some of the renditions, or a part of the title.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "core/error.hpp"

namespace mezz::package {

/// Which renditions a top manifest lists. A limit or a codec says nothing of the other kind of media: a
/// filter of heights leaves all audio, and codecs of video alone do, too.
struct RenditionFilter {
    std::uint32_t min_height = 0;           ///< lines; see quality_of()
    std::uint32_t max_height = UINT32_MAX;  ///< lines
    std::uint32_t codecs = 0;               ///< a bit 1 << media::Codec for each; 0: any

    [[nodiscard]] bool passes_all() const noexcept {
        return min_height == 0 && max_height == UINT32_MAX && codecs == 0;
    }
};

/// A part of a title as a URL names it, in microseconds of the title's time.
struct ClipRange {
    std::optional<std::int64_t> from;  ///< absent: from the start
    std::optional<std::int64_t> to;    ///< absent: to the end

    [[nodiscard]] bool is_whole() const noexcept { return !from && !to; }
};

struct PlaybackQuery {
    RenditionFilter filter;
    ClipRange clip;
};

/// Reads `max_height`, `min_height` (lines, 1 to 65535), `codec` (a list of h264, hevc, av1, vp9, aac, mp3,
/// ac3, eac3, opus, flac with commas between), `from` and `to` (seconds below 10^9, decimals allowed, counted
/// to the microsecond) from the query of a URI, without the question mark. Other arguments are left alone.
/// Fails with bad_request if one of these is there twice or is no such value, if no height is between the
/// limits, or if less than a millisecond is.
[[nodiscard]] Result<PlaybackQuery> parse_playback_query(std::string_view query);

}  // namespace mezz::package
