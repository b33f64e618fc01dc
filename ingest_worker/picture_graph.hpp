// From decoded pictures to those of every rendition: upright, square pixels, 4:2:0 of limited range; 8 bit
// and SDR, or 10 bit where the rendition keeps HDR.
#pragma once

#include <optional>
#include <vector>

#include "filter_graph.hpp"
#include "plan.hpp"

namespace mezz::worker {

/// Colours of a rendition: what its encoder writes into the stream.
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
    PictureGraph(const VideoInfo& info, const VideoPlan& plan)
        : info_(info), hdr_(plan.hdr), pictures_(plan.pictures()) {}

    /// One picture for each rendition, in their order, and the preview's if there is one. A picture of
    /// another shape than the one before is fitted in, with borders where its proportions differ.
    [[nodiscard]] Outcome<std::vector<Av<AVFrame>>> convert(AVFrame& frame);

    /// Of SDR pictures, after the first was converted.
    [[nodiscard]] const OutputColor& color() const noexcept { return color_; }

    /// Of HDR pictures.
    [[nodiscard]] OutputColor hdr_color() const noexcept {
        return {AVCOL_SPC_BT2020_NCL, AVCOL_PRI_BT2020, hdr_.transfer};
    }

private:
    [[nodiscard]] Outcome<void> rebuild(const AVFrame& frame);
    [[nodiscard]] FrameShape shape_for(const AVFrame& frame) const noexcept;
    [[nodiscard]] std::string describe(const FrameShape& shape) const;
    [[nodiscard]] std::string standard_range(const FrameShape& shape, const std::string& from,
                                             const std::vector<std::size_t>& wanted) const;
    [[nodiscard]] std::string high_range(const FrameShape& shape, const std::string& from,
                                         const std::vector<std::size_t>& wanted) const;
    [[nodiscard]] std::string split(const std::vector<std::size_t>& wanted) const;
    [[nodiscard]] std::string fit(const FrameShape& shape, Size target) const;

    const VideoInfo& info_;
    HdrMetadata hdr_;
    std::vector<RenditionPlan> pictures_;
    std::optional<FilterGraph> graph_;
    FrameShape shape_;
    OutputColor color_;
    bool color_known_ = false;
};

}  // namespace mezz::worker
