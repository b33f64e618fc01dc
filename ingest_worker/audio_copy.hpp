// Copies one audio track, as it is encoded, into a mezzanine file.
#pragma once

extern "C" {
#include <libavcodec/bsf.h>
}

#include <vector>

#include "job.hpp"
#include "mezzanine_writer.hpp"
#include "plan.hpp"

namespace mezz::worker {

/// True for codecs that every player of today decodes (AAC, MP3, Opus, FLAC).
[[nodiscard]] bool is_heard_everywhere(const AVStream& stream) noexcept;

/// True for codecs that some players decode: also AC-3 and E-AC-3.
[[nodiscard]] bool is_heard_somewhere(const AVStream& stream) noexcept;

/// Packets follow each other without a gap from 0, or from their priming before it, which an edit list hides.
/// Gaps of AAC-LC are filled with silent packets, to the nearest one. Where the source's times do not allow
/// all that, functions fail with kind source.
class AudioCopy {
public:
    /// Fragments last about `fragment_length` seconds. The file will be `name`.mp4.
    [[nodiscard]] static Outcome<AudioCopy> open(const OutputFiles& files, const AudioPlan& plan,
                                                 std::string name, const AVStream& stream,
                                                 double fragment_length);

    /// A packet with times on the title's line.
    [[nodiscard]] Outcome<void> feed(AVPacket& packet);

    /// Where the sound ends, microseconds.
    [[nodiscard]] std::int64_t end_time() const noexcept;

    [[nodiscard]] Outcome<void> finish();
    [[nodiscard]] int stream() const noexcept { return stream_->index; }

private:
    struct FilterDeleter {
        void operator()(AVBSFContext* filter) const noexcept { av_bsf_free(&filter); }
    };

    AudioCopy(std::string name, const AVStream& stream, double fragment_length,
              std::unique_ptr<MezzanineWriter> writer);

    [[nodiscard]] Outcome<void> strip_adts();
    [[nodiscard]] Outcome<void> append(AVPacket& packet, std::int64_t length, bool coded);
    [[nodiscard]] Outcome<void> fill_up_to(std::int64_t time);
    [[nodiscard]] std::int64_t length_of(const AVPacket& packet) const noexcept;
    [[nodiscard]] Outcome<bool> place(std::int64_t time, std::int64_t& length);

    std::string name_;
    const AVStream* stream_;
    int rate_;                      // samples a second, the track's timescale
    std::int64_t fragment_length_;  // ticks, as all that follows
    std::int64_t next_fragment_;
    std::unique_ptr<MezzanineWriter> writer_;
    std::unique_ptr<AVBSFContext, FilterDeleter> without_adts_;  // where the packets have such heads
    std::vector<std::byte> silence_;                             // a packet of it, if gaps can be filled
    std::int64_t position_ = 0;                                  // of the next packet
    bool begun_ = false;
};

}  // namespace mezz::worker
