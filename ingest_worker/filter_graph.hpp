// A libavfilter graph for pictures: one way in, one or more ways out.
#pragma once

#include <string>
#include <vector>

#include "av.hpp"

namespace mezz::worker {

/// What makes a graph unfit for the next frame when it changes.
struct FrameShape {
    int width = 0;
    int height = 0;
    int format = -1;
    AVColorSpace matrix = AVCOL_SPC_UNSPECIFIED;
    AVColorRange range = AVCOL_RANGE_UNSPECIFIED;
    AVColorTransferCharacteristic transfer = AVCOL_TRC_UNSPECIFIED;
    AVColorPrimaries primaries = AVCOL_PRI_UNSPECIFIED;

    friend bool operator==(const FrameShape&, const FrameShape&) = default;
};

[[nodiscard]] FrameShape shape_of(const AVFrame& frame) noexcept;

class FilterGraph {
public:
    /// `description` connects [in] to [out0], [out1], …; frames go in with times in microseconds. Fails with
    /// kind source if the pictures cannot be converted.
    [[nodiscard]] static Outcome<FilterGraph> make(const FrameShape& shape, const std::string& description,
                                                   int outputs);

    /// Puts a frame in, keeping the caller's reference; nullptr ends the stream.
    [[nodiscard]] Outcome<void> put(AVFrame* frame);

    /// Takes a frame out; null if none is ready.
    [[nodiscard]] Outcome<Av<AVFrame>> take(int output);

    /// Time of a frame that came out, microseconds.
    [[nodiscard]] std::int64_t time(int output, const AVFrame& frame) const noexcept;

private:
    explicit FilterGraph(Av<AVFilterGraph> graph) noexcept : graph_(std::move(graph)) {}

    [[nodiscard]] int connect(const FrameShape& shape, const std::string& description, int outputs);

    Av<AVFilterGraph> graph_;
    AVFilterContext* input_ = nullptr;
    std::vector<AVFilterContext*> outputs_;
};

}  // namespace mezz::worker
