// An order for a picture carried out.
#pragma once

#include "picture_canvas.hpp"
#include "picture_decoder.hpp"

namespace mezz::worker {

/// Keeps decoder and scaler between orders.
class PictureMaker {
public:
    /// The JPEG of an order whose coded pictures are `data`. Fails as PictureDecoder and PictureCanvas do.
    [[nodiscard]] Outcome<std::vector<std::byte>> make(const media::PictureOrder& order, Bytes data,
                                                       const PictureDecoder::IsWanted& is_wanted);

private:
    [[nodiscard]] Outcome<Av<AVFrame>> best_of(const media::PictureOrder& order, Bytes data,
                                               const PictureDecoder::IsWanted& is_wanted);

    PictureDecoder decoder_;
    PictureCanvas canvas_;
};

}  // namespace mezz::worker
