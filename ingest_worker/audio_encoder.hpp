// Encodes one audio track as AAC-LC, or E-AC-3 if it is surround sound, and writes its mezzanine file.
#pragma once

#include "loudness_meter.hpp"
#include "mezzanine_writer.hpp"
#include "plan.hpp"

namespace mezz::worker {

inline constexpr int kAudioRate = 48000;  // samples a second of every audio rendition

class AudioEncoder {
public:
    /// Stereo at 128 kbit/s, 5.1 at 384 kbit/s. Fragments are cut nearest to multiples of `fragment_length`,
    /// seconds.
    [[nodiscard]] static Outcome<AudioEncoder> open(const OutputFiles& files, const AudioPlan& plan,
                                                    double fragment_length);

    [[nodiscard]] int channels() const noexcept { return context_->ch_layout.nb_channels; }

    /// How loud all that was added is, unless the plan is quick.
    [[nodiscard]] std::optional<Loudness> loudness() const noexcept {
        return meter_ ? meter_->result() : std::nullopt;
    }

    /// Samples that a call of add() takes.
    [[nodiscard]] int frame_size() const noexcept { return context_->frame_size; }

    /// Encodes frame_size() samples, fewer only the last time. Planar 32-bit floats.
    [[nodiscard]] Outcome<void> add(AVFrame& samples);

    /// Encodes what is left and writes the file.
    [[nodiscard]] Outcome<void> finish();

private:
    AudioEncoder(std::string name, double fragment_length, Av<AVCodecContext> context,
                 std::unique_ptr<MezzanineWriter> writer, std::optional<LoudnessMeter> meter)
        : name_(std::move(name)),
          fragment_length_(fragment_length),
          context_(std::move(context)),
          writer_(std::move(writer)),
          meter_(std::move(meter)),
          packet_(make_packet()) {}

    [[nodiscard]] Outcome<void> encode(AVFrame* samples);
    [[nodiscard]] bool begins_fragment(const AVPacket& packet) noexcept;

    std::string name_;
    double fragment_length_;
    Av<AVCodecContext> context_;
    std::unique_ptr<MezzanineWriter> writer_;
    std::optional<LoudnessMeter> meter_;
    Av<AVPacket> packet_;
    std::int64_t position_ = 0;       // samples given to the encoder
    std::int64_t next_fragment_ = 1;  // its number
};

/// An empty frame for samples of 2 or 6 channels at kAudioRate; throws std::bad_alloc.
[[nodiscard]] Av<AVFrame> make_audio_frame(int samples, int channels);

}  // namespace mezz::worker
