// A part of a title: which segments show it, and where in them it begins and ends.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "core/error.hpp"
#include "package/playback_query.hpp"
#include "package/title.hpp"

namespace mezz::package {

/// What decoders of sound need before the first sample that is heard is at most a tenth of a second.
inline constexpr std::uint32_t kPrerollPerSecond = 10;

/// A part of a title, the same for all of its tracks. Times are microseconds of the title's time.
struct Clip {
    std::int64_t from = 0;
    std::int64_t to = 0;      ///< at most the title's end
    std::uint32_t first = 0;  ///< the segments first ≤ n < last have something of it
    std::uint32_t last = 0;
    std::int64_t lead = 0;  ///< how long segment `first` lasts before `from`
    ClipRange asked;        ///< as the URL says it

    [[nodiscard]] std::int64_t duration() const noexcept { return to - from; }
};

/// Finds a part in a title; nullopt if it is all of it. What is after the end is left out of it. Fails with
/// not_found if it begins at the title's end or after.
[[nodiscard]] Result<std::optional<Clip>> place_clip(const TitleView& title, const ClipRange& range);

/// The segments to list: those of the clip, or all.
[[nodiscard]] PieceRange listed_segments(const TrackTimeline& line, const std::optional<Clip>& clip) noexcept;

/// Whether a track has anything in the segments of the clip.
[[nodiscard]] bool has_media(const TrackTimeline& line, const std::optional<Clip>& clip) noexcept;

/// The pieces that hold all samples which are shown in the clip or needed to decode these.
[[nodiscard]] PieceRange needed_pieces(const TrackTimeline& line, const Clip& clip) noexcept;

/// The clip that begins where its first picture can be decoded: with the key frame at `from` or before, the
/// earliest of all video tracks. Sound alone can begin anywhere.
[[nodiscard]] Clip from_key_frame(Clip clip, std::span<const media::TrackView> tracks) noexcept;

/// Where the clip begins, in ticks: @presentationTimeOffset (ISO/IEC 23009-1 §5.3.9.2).
[[nodiscard]] std::uint64_t clip_offset(const Clip& clip, std::uint32_t timescale) noexcept;

/// Where the clip ends, in ticks.
[[nodiscard]] std::uint64_t clip_end(const Clip& clip, std::uint32_t timescale) noexcept;

/// A query, "?token=…" or empty, with the arguments that ask for the same part behind it.
[[nodiscard]] std::string with_clip(std::string_view query, const std::optional<Clip>& clip);

/// Appends EXT-X-START (RFC 8216bis §4.4.2.2) if a playlist that begins with the clip's first segment is to
/// be played from within it.
void append_start(const std::optional<Clip>& clip, std::string& out);

/// Appends EXT-X-MEDIA-SEQUENCE (RFC 8216bis §4.4.3.2) if the playlist of a clip does not begin with number
/// 0.
void append_first_number(const std::optional<Clip>& clip, std::uint32_t number, std::string& out);

}  // namespace mezz::package
