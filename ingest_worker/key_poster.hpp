// A poster from key frames alone, for a title whose pictures are not decoded otherwise.
#pragma once

#include "decoder.hpp"
#include "picture_graph.hpp"
#include "thumbnails.hpp"

namespace mezz::worker {

class KeyPoster {
public:
    /// The stream outlives this.
    KeyPoster(const AVStream& stream, const VideoInfo& info, const Limits& limits);
    KeyPoster(const KeyPoster&) = delete;
    KeyPoster& operator=(const KeyPoster&) = delete;

    /// Looks at a packet with times on the title's line, as the source has it, if it is a key frame and a
    /// better poster is still wanted.
    [[nodiscard]] Outcome<void> consider(const AVPacket& packet);

    /// Writes the best that was seen. Fails with kind source if no key frame could be decoded.
    [[nodiscard]] Outcome<void> finish(const OutputFiles& files);

private:
    [[nodiscard]] Outcome<void> look_at(AVFrame& frame);

    const AVStream& stream_;
    const Limits& limits_;
    VideoInfo info_;
    VideoPlan plan_;
    PictureGraph graph_;
    Av<AVFrame> best_;
    double interest_ = -1;
    int looks_ = 0;
};

}  // namespace mezz::worker
