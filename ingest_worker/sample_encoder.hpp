// Encodes some pictures of a title quickly, to see what they cost and how well they come out.
#pragma once

#include "decoder.hpp"
#include "picture_graph.hpp"
#include "title_complexity.hpp"

namespace mezz::worker {

/// One moment of a title, in each of the sizes of a plan. Immovable.
class SampleEncoder {
public:
    /// Both outlive this.
    SampleEncoder(const VideoInfo& info, const VideoPlan& plan) : plan_(plan), graph_(info, plan) {}
    SampleEncoder(const SampleEncoder&) = delete;
    SampleEncoder& operator=(const SampleEncoder&) = delete;

    /// A decoded picture; the next of the moment.
    [[nodiscard]] Outcome<void> add(AVFrame& frame);

    [[nodiscard]] int frames() const noexcept { return frames_; }

    /// Adds what was measured, one sample a size; nothing if there were no pictures.
    [[nodiscard]] Outcome<void> finish(std::vector<Sample>& samples);

private:
    struct Lane {
        Av<AVCodecContext> encoder;
        Av<AVCodecContext> decoder;
        std::vector<Av<AVFrame>> waiting;  // pictures that did not come back yet
        std::int64_t bytes = 0;
        double error = 0;  // sum of squares
        double pixels = 0;
    };

    [[nodiscard]] Outcome<void> open();
    [[nodiscard]] Outcome<void> encode(Lane& lane, const AVFrame* picture);
    [[nodiscard]] Outcome<void> decode(Lane& lane, const AVPacket* packet);
    static void compare(Lane& lane, const AVFrame& decoded);

    const VideoPlan& plan_;
    PictureGraph graph_;
    std::vector<Lane> lanes_;
    int frames_ = 0;
};

}  // namespace mezz::worker
