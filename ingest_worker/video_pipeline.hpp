// From decoded video frames to the files of all renditions and the thumbnails.
#pragma once

#include <memory>
#include <optional>

#include "decoder.hpp"
#include "deinterlacer.hpp"
#include "encoder_thread.hpp"
#include "frame_pacer.hpp"
#include "picture_graph.hpp"
#include "thumbnails.hpp"

namespace mezz::worker {

/// Each frame is decoded once and scaled once for each rendition. Immovable; its arguments outlive it.
class VideoPipeline {
public:
    [[nodiscard]] static Outcome<std::unique_ptr<VideoPipeline>> open(const OutputFiles& files,
                                                                      const AVStream& stream,
                                                                      const MediaInfo& info,
                                                                      const VideoPlan& plan,
                                                                      const TranscodeOrder& order);
    VideoPipeline(const VideoPipeline&) = delete;
    VideoPipeline& operator=(const VideoPipeline&) = delete;

    /// A packet with times on the title's line.
    [[nodiscard]] Outcome<void> feed(const AVPacket& packet);

    /// True once all pictures of a chunk that ends before the title does are on their way.
    [[nodiscard]] bool is_complete() const noexcept { return pacer_.ticks() >= plan_.part.end; }

    /// Damage in what was decoded, without what came before a chunk.
    [[nodiscard]] int errors() const noexcept { return decoder_.errors() - errors_before_; }

    /// Decodes what the decoder still holds.
    [[nodiscard]] Outcome<void> drain();

    /// Where the last picture ends, microseconds. Final after drain().
    [[nodiscard]] std::int64_t end_time() const noexcept { return pacer_.end_time(); }

    /// Shows the last picture until `end` at least, and writes the thumbnails. The encoders go on to their
    /// ends.
    [[nodiscard]] Outcome<MadeThumbs> finish_pictures(std::int64_t end);

    /// The same for a chunk that is_complete().
    [[nodiscard]] Outcome<MadeThumbs> finish_chunk() { return close(); }

    [[nodiscard]] std::vector<std::unique_ptr<EncoderThread>>& encoders() noexcept { return encoders_; }
    [[nodiscard]] std::int64_t ticks() const noexcept { return pacer_.ticks(); }

private:
    VideoPipeline(const OutputFiles& files, const MediaInfo& info, const VideoPlan& plan,
                  const TranscodeOrder& order, Decoder decoder);

    [[nodiscard]] Outcome<void> take(AVFrame& frame);
    [[nodiscard]] Outcome<void> show(const AVFrame& frame, std::int64_t first, std::int64_t count);
    [[nodiscard]] Outcome<void> add_thumbnails(const std::vector<Av<AVFrame>>& pictures, std::int64_t first,
                                               std::int64_t count);
    [[nodiscard]] Outcome<void> open_encoders();
    [[nodiscard]] Outcome<MadeThumbs> close();

    const OutputFiles& files_;
    const VideoPlan& plan_;
    Decoder decoder_;
    PictureGraph graph_;
    FramePacer pacer_;
    std::optional<Deinterlacer> deinterlacer_;
    VideoPlan seen_;  // of what the thumbnails are made of
    Thumbnails thumbnails_;
    std::vector<std::unique_ptr<EncoderThread>> encoders_;
    int errors_before_ = 0;
};

}  // namespace mezz::worker
