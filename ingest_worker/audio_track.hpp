// One audio track from its decoder to its encoder: stereo or 5.1 at 48 kHz, in step with the title's time.
#pragma once

#include "audio_encoder.hpp"
#include "decoder.hpp"

namespace mezz::worker {

/// Silence fills what is missing at the start, in gaps and at the end; what overlaps or is too much is cut.
/// The last second is held back, so that finish() can still cut it.
class AudioTrack {
public:
    [[nodiscard]] static Outcome<AudioTrack> open(const OutputFiles& files, const AudioPlan& plan,
                                                  const AVStream& stream, double fragment_length,
                                                  const Limits& limits);

    /// A packet with times on the title's line.
    [[nodiscard]] Outcome<void> feed(const AVPacket& packet);

    /// Decodes what the decoder still holds.
    [[nodiscard]] Outcome<void> drain();

    /// Where the sound ends, microseconds. Final after drain().
    [[nodiscard]] std::int64_t end_time() const noexcept;

    /// Makes the track end at `end` (microseconds; at most a second before end_time()), and writes the file.
    [[nodiscard]] Outcome<void> finish(std::int64_t end);

    [[nodiscard]] int stream() const noexcept { return stream_; }
    [[nodiscard]] std::optional<Loudness> loudness() const noexcept { return encoder_.loudness(); }
    [[nodiscard]] int errors() const noexcept { return decoder_.errors(); }
    [[nodiscard]] int frames() const noexcept { return decoder_.frames(); }

private:
    AudioTrack(int stream, std::int64_t most_samples, Decoder decoder, AudioEncoder encoder);

    [[nodiscard]] Outcome<void> take(const AVFrame& frame);
    [[nodiscard]] Outcome<void> configure(const AVFrame& frame);
    [[nodiscard]] Outcome<void> align(std::int64_t time);
    [[nodiscard]] Outcome<void> convert(const AVFrame* frame);
    [[nodiscard]] Outcome<void> add_silence(std::int64_t samples);
    [[nodiscard]] Outcome<void> store(std::uint8_t** data, int samples);
    [[nodiscard]] Outcome<void> encode_down_to(std::int64_t left);

    int stream_;
    std::int64_t most_samples_;
    Decoder decoder_;
    AudioEncoder encoder_;
    Av<SwrContext> resampler_;
    Av<AVAudioFifo> waiting_;
    Av<AVFrame> shape_;         // parameters that the resampler was made for
    std::int64_t stored_ = 0;   // samples put into `waiting_` so far
    std::int64_t to_drop_ = 0;  // samples that come too early
};

}  // namespace mezz::worker
