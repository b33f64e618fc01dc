// Encodes the pictures of one rendition and writes its mezzanine file.
#pragma once

#include "mezzanine_writer.hpp"
#include "picture_graph.hpp"
#include "plan.hpp"

namespace mezz::worker {

class VideoEncoder {
public:
    /// Both plans outlive the encoder.
    [[nodiscard]] static Outcome<VideoEncoder> open(const OutputFiles& files, const VideoPlan& video,
                                                    const RenditionPlan& rendition, const OutputColor& color);

    /// Encodes a picture that is shown for `count` ticks from `first`. Ticks come in order without a gap.
    [[nodiscard]] Outcome<void> add(const AVFrame& picture, std::int64_t first, std::int64_t count);

    /// Encodes what is left and writes the file.
    [[nodiscard]] Outcome<void> finish();

    [[nodiscard]] const RenditionPlan& rendition() const noexcept { return *rendition_; }

    /// Ticks of the title that were written, for progress.
    [[nodiscard]] std::int64_t written_ticks() const noexcept { return written_ * rendition_->step; }

private:
    VideoEncoder(const VideoPlan& video, const RenditionPlan& rendition, Av<AVCodecContext> context,
                 std::unique_ptr<MezzanineWriter> writer)
        : video_(&video),
          rendition_(&rendition),
          context_(std::move(context)),
          writer_(std::move(writer)),
          packet_(make_packet()) {}

    [[nodiscard]] Outcome<void> encode(const AVFrame* picture, std::int64_t tick);
    [[nodiscard]] Outcome<void> write_packets();

    const VideoPlan* video_;
    const RenditionPlan* rendition_;
    Av<AVCodecContext> context_;
    std::unique_ptr<MezzanineWriter> writer_;
    Av<AVPacket> packet_;
    std::int64_t written_ = 0;
};

}  // namespace mezz::worker
