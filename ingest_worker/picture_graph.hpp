// From decoded pictures to those of every rendition: upright, square pixels, 8-bit 4:2:0 of limited range,
// SDR.
#pragma once

#include <optional>
#include <vector>

#include "filter_graph.hpp"
#include "plan.hpp"

namespace mezz::worker {

/// Colours of all renditions of a title: what the encoders write into the streams.
struct OutputColor {
    AVColorSpace matrix = AVCOL_SPC_BT709;
    AVColorPrimaries primaries = AVCOL_PRI_BT709;
    AVColorTransferCharacteristic transfer = AVCOL_TRC_BT709;
};

/// BT.601 pictures stay so, unlabelled ones are what their size suggests, all others become BT.709.
[[nodiscard]] OutputColor output_color(const FrameShape& source) noexcept;

/// What the matrix of a picture is, or, where it is not said, usually is for its size.
[[nodiscard]] AVColorSpace source_matrix(const FrameShape& shape) noexcept;

[[nodiscard]] bool is_full_range(const FrameShape& shape) noexcept;

/// Filters that make yuv420p of limited range in BT.709 out of a picture of high dynamic range or of BT.2020,
/// with a comma behind the last; the size becomes about `size`, even numbers, where that is cheaper. Empty
/// for others.
[[nodiscard]] std::string sdr_filters(const FrameShape& shape, Size size);

class PictureGraph {
public:
    PictureGraph(const VideoInfo& info, const VideoPlan& plan) noexcept : info_(info), plan_(plan) {}

    /// One picture for each rendition, in their order. A picture of another shape than the one before is
    /// fitted in, with borders where its proportions differ.
    [[nodiscard]] Outcome<std::vector<Av<AVFrame>>> convert(AVFrame& frame);

    /// Of the first picture that was converted.
    [[nodiscard]] const OutputColor& color() const noexcept { return color_; }

private:
    [[nodiscard]] Outcome<void> rebuild(const AVFrame& frame);
    [[nodiscard]] std::string describe(const FrameShape& shape) const;
    [[nodiscard]] std::string fit(const FrameShape& shape, Size target) const;

    const VideoInfo& info_;
    const VideoPlan& plan_;
    std::optional<FilterGraph> graph_;
    FrameShape shape_;
    OutputColor color_;
    bool color_known_ = false;
};

}  // namespace mezz::worker
