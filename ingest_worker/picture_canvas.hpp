// From a decoded picture, whatever its format, to one that can be compressed as JPEG.
#pragma once

#include "av.hpp"
#include "ladder.hpp"
#include "media/picture_call.hpp"

namespace mezz::worker {

/// How wide and high a picture of `coded` pixels becomes when it is upright, with square pixels, within the
/// order's width and height, and not enlarged. Even numbers.
[[nodiscard]] Size shown_size(Size coded, const media::PictureOrder& order) noexcept;

/// By which factor it is reduced for that; at most 1.
[[nodiscard]] double shown_scale(Size coded, const media::PictureOrder& order) noexcept;

/// Keeps its scaler for pictures of the same kind.
class PictureCanvas {
public:
    /// A yuvj420p picture of shown_size(): upright, of BT.601 and full range as JPEG has it, high dynamic
    /// range tone-mapped. Fails with kind source if its format cannot be converted.
    [[nodiscard]] Outcome<Av<AVFrame>> draw(AVFrame& picture, const media::PictureOrder& order);

private:
    [[nodiscard]] Outcome<Av<AVFrame>> scaled(const AVFrame& picture, Size to, bool keep_matrix);

    Av<SwsContext> scaler_;
};

}  // namespace mezz::worker
