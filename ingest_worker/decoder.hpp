// Turns the packets of one stream into frames, whatever is wrong with some of them.
#pragma once

#include <functional>

#include "av.hpp"
#include "job.hpp"

namespace mezz::worker {

class Decoder {
public:
    using OnFrame = std::function<Outcome<void>(AVFrame&)>;

    /// Fails with kind source if there is no decoder or the stream's head is broken.
    [[nodiscard]] static Outcome<Decoder> open(const AVStream& stream, int threads, const Limits& limits);

    /// Decodes a packet, nullptr at the end. A packet that cannot be decoded is counted and passed over.
    /// Fails if `on_frame` does, memory ends, or there are more than a thousand frames for each second that a
    /// title may last.
    [[nodiscard]] Outcome<void> feed(const AVPacket* packet, const OnFrame& on_frame);

    [[nodiscard]] int frames() const noexcept { return frames_; }
    [[nodiscard]] int errors() const noexcept { return errors_; }

    /// Presentation time of a frame in microseconds; AV_NOPTS_VALUE if unknown.
    [[nodiscard]] std::int64_t time(const AVFrame& frame) const noexcept;

    /// How long the frame says it lasts, microseconds, 0 if unknown.
    [[nodiscard]] std::int64_t duration(const AVFrame& frame) const noexcept;

private:
    Decoder(Av<AVCodecContext> context, AVRational time_base, std::int64_t most_frames)
        : context_(std::move(context)),
          frame_(make_frame()),
          time_base_(time_base),
          most_frames_(most_frames) {}

    [[nodiscard]] Outcome<bool> receive(const OnFrame& on_frame);

    Av<AVCodecContext> context_;
    Av<AVFrame> frame_;
    AVRational time_base_;
    std::int64_t most_frames_;
    int frames_ = 0;
    int errors_ = 0;
};

/// "H.264 / AVC / …": a codec for people.
[[nodiscard]] std::string codec_name(AVCodecID id);

}  // namespace mezz::worker
