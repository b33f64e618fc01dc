// Decodes the few coded pictures that are needed to see one.
#pragma once

#include <functional>
#include <span>
#include <vector>

#include "av.hpp"
#include "media/picture_call.hpp"

namespace mezz::worker {

/// Keeps its decoder for the next order of the same track.
class PictureDecoder {
public:
    /// Asked between pictures: false if nobody waits for the result any more.
    using IsWanted = std::function<bool()>;

    /// Decodes the pictures of a shown_at order, whose bytes are `data`. Fails with kind source if none can
    /// be seen, with interrupted if it is not wanted any more.
    [[nodiscard]] Outcome<Av<AVFrame>> shown_at(const media::PictureOrder& order, Bytes data,
                                                const IsWanted& is_wanted);

    /// Decodes a key frame by itself. Fails with kind source.
    [[nodiscard]] Outcome<Av<AVFrame>> key_frame(const media::PictureOrder& order, Bytes data);

private:
    [[nodiscard]] Outcome<void> prepare(const media::PictureOrder& order);
    [[nodiscard]] Outcome<void> feed(Bytes coded, std::int64_t time);
    void receive(std::int64_t wanted);
    [[nodiscard]] Outcome<Av<AVFrame>> finish(std::int64_t wanted);

    Av<AVCodecContext> context_;
    media::Codec codec_ = media::Codec::h264;
    std::vector<std::byte> config_;
    Av<AVFrame> best_;  // of those decoded, the one shown last, but not after the wanted time
};

}  // namespace mezz::worker
