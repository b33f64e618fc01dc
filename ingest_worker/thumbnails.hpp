// Poster and storyboard, made from pictures that were scaled for the renditions anyway.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "plan.hpp"
#include "storyboard.hpp"

namespace mezz::worker {

/// How much there is to see in a picture, from 0 (a single colour, or darkness) to below 100: by the entropy
/// and the contrast of its luma, by its edges, which blur takes away, and, less and less, by its brightness.
[[nodiscard]] double picture_interest(const AVFrame& picture) noexcept;

inline constexpr int kPosterSide = 720;            ///< a poster's lines, or columns if fewer, at most
inline constexpr std::int64_t kPosterWithin = 20;  ///< seconds in which it is looked for

/// Writes thumbs/poster.jpg, and no other form of it; the picture is 4:2:0 of limited range.
[[nodiscard]] Outcome<void> write_poster(const OutputFiles& files, const AVFrame& picture,
                                         const OutputColor& color);

/// Writes thumbs/poster.jpg, the most interesting picture of the first 20 s (or, if there is nothing to see
/// in them, the first one later), and the Storyboard of tiles at even times; beside each JPEG its other
/// forms, see PictureForms. Of a chunk it leaves the tiles, and the poster only of the first. Of a draft it
/// writes only the JPEG of the poster.
class Thumbnails {
public:
    /// `duration` in microseconds, 0 if unknown, chooses the distance of tiles.
    Thumbnails(const OutputFiles& files, const VideoPlan& plan, std::int64_t duration);

    /// The pictures of all renditions that are shown for `count` ticks from `first`.
    [[nodiscard]] Outcome<void> add(const std::vector<Av<AVFrame>>& pictures, const OutputColor& color,
                                    std::int64_t first, std::int64_t count);

    /// Writes what is left; `ticks` is the length of the title.
    [[nodiscard]] Outcome<MadeThumbs> finish(std::int64_t ticks);

private:
    [[nodiscard]] Outcome<void> consider(const std::vector<Av<AVFrame>>& pictures);
    [[nodiscard]] Outcome<void> add_tile(const AVFrame& picture);
    [[nodiscard]] Outcome<void> keep_tile(const AVFrame& picture);
    [[nodiscard]] Outcome<void> write_poster();
    [[nodiscard]] std::int64_t tile_tick(std::int64_t tile) const noexcept;

    const OutputFiles& files_;
    const VideoPlan& plan_;
    Storyboard storyboard_;
    std::size_t poster_from_ = 0;  // the rendition that the poster is taken from
    OutputColor color_;
    std::optional<JpegScaler> tile_scaler_;
    std::int64_t tiles_ = 0;       // of the title, that were drawn or belong to the chunks before
    std::vector<std::byte> kept_;  // of a chunk
    Av<AVFrame> poster_;
    double poster_interest_ = -1;
    std::int64_t next_look_ = 0;  // tick of the next candidate
    bool poster_found_ = false;
};

}  // namespace mezz::worker
