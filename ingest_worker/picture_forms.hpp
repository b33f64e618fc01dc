// WebP and AVIF beside a JPEG, where they are smaller and no worse.
#pragma once

#include <string_view>
#include <vector>

#include "av.hpp"
#include "core/bytes.hpp"

namespace mezz::worker {

/// How much alike two pictures of equal size look: the mean structural similarity (Wang et al. 2004) of the
/// luma in blocks of 8 × 8, 1 for the same. The upper `height` lines are compared, 8-bit samples.
[[nodiscard]] double similarity(const AVFrame& one, const AVFrame& other, int height) noexcept;

/// Finds for one picture after another how strongly it may be compressed.
class PictureForms {
public:
    struct Form {
        std::string_view ending;  ///< ".webp", ".avif"
        std::vector<std::byte> bytes;
    };

    /// The forms of a picture (yuvj420p, its upper `height` lines) that are smaller than its JPEG and at
    /// least as much like it. What cannot be encoded here is left out.
    [[nodiscard]] std::vector<Form> make(const AVFrame& picture, int height, Bytes jpeg);

private:
    // What the picture before took, in steps of the coder's quality; tried first for the next one.
    int webp_ = -1;
    int avif_ = -1;
};

}  // namespace mezz::worker
