// Pictures as JPEG files.
#pragma once

#include <vector>

#include "av.hpp"
#include "core/bytes.hpp"
#include "picture_graph.hpp"

namespace mezz::worker {

/// Scales 4:2:0 pictures of limited range into (a part of) a full-range one with the colours of JPEG.
class JpegScaler {
public:
    /// `to` is even.
    JpegScaler(Size to, const OutputColor& color) noexcept : to_(to), color_(color) {}

    /// Draws `picture` into `canvas` (yuvj420p) with its upper left corner at (x, y), even numbers. Fails if
    /// the converter cannot be made.
    [[nodiscard]] Outcome<void> draw(const AVFrame& picture, AVFrame& canvas, int x, int y);

private:
    Size to_;
    OutputColor color_;
    Av<SwsContext> scaler_;
};

/// A yuvj420p picture, its pixels not set; throws std::bad_alloc.
[[nodiscard]] Av<AVFrame> make_blank(Size size);

/// An empty black yuvj420p picture; throws std::bad_alloc.
[[nodiscard]] Av<AVFrame> make_canvas(Size size);

/// Compresses the upper `height` lines of a yuvj420p picture; `quality` 1 to 100 (best), as libjpeg has it.
/// Its lines have room for a multiple of 16 pixels, as av_frame_get_buffer() makes it.
[[nodiscard]] Outcome<std::vector<std::byte>> encode_jpeg(const AVFrame& canvas, int height, int quality);

}  // namespace mezz::worker
