// Which picture of a title a request for a JPEG means: its size, the rendition, the samples to be decoded.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "media/sample.hpp"
#include "package/title.hpp"

namespace mezz::package {

/// The picture is to fit in, pixels; 0: any number.
struct PictureSize {
    std::uint16_t width = 0;
    std::uint16_t height = 0;

    friend bool operator==(const PictureSize&, const PictureSize&) = default;
};

inline constexpr std::uint16_t kSmallestPicture = 16;   ///< pixels that may be asked for
inline constexpr std::uint16_t kLargestPicture = 8192;  ///< the same

/// Reads `width` and `height` from the query of a URL; nullopt if one of them stands there twice or is no
/// number of pixels from kSmallestPicture to kLargestPicture. Other arguments are passed over.
[[nodiscard]] std::optional<PictureSize> parse_picture_size(std::string_view query) noexcept;

/// The video rendition to be decoded: the smallest that need not be enlarged, or the largest. One without HDR
/// is preferred, however small. Null if none is video.
[[nodiscard]] const RenditionRecord* picture_rendition(std::span<const RenditionRecord> renditions,
                                                       PictureSize size) noexcept;

/// The piece in which, and with the piece behind it, the picture is that is shown at `time` (ticks): leading
/// pictures of an open GOP belong to the piece behind. Not past the track's end.
[[nodiscard]] PieceRange pieces_at(const TrackTimeline& line, std::int64_t time) noexcept;

/// The piece whose first picture is nearest to `time` (ticks).
[[nodiscard]] PieceRange key_piece_near(const TrackTimeline& line, std::int64_t time) noexcept;

/// Index of the sample that is shown at `time`: the last one to be shown that is not later, or else the first
/// one to be shown. `samples` in decoding order, not empty.
[[nodiscard]] std::size_t sample_shown_at(std::span<const media::Sample> samples, std::int64_t time) noexcept;

/// Index of the last key frame not behind sample i in decoding order from which that sample, `i`, can be
/// decoded: a leading picture needs the key frame before its own.
[[nodiscard]] std::size_t key_for(std::span<const media::Sample> samples, std::size_t i) noexcept;

}  // namespace mezz::package
