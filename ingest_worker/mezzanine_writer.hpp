// Writes one track as a mezzanine file: ftyp moov sidx ssix (moof mdat)*.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "av.hpp"
#include "output_files.hpp"
#include "segment_boxes.hpp"

namespace mezz::worker {

/// libavformat makes the boxes; they go to a scratch file until their index is known. Immovable.
class MezzanineWriter {
public:
    /// The track's parameters are the encoder's; times of packets are in `timescale`. Audio gets an edit list
    /// that hides the encoder's priming. `language` is ISO 639-2/T or empty.
    [[nodiscard]] static Outcome<std::unique_ptr<MezzanineWriter>> open(const OutputFiles& files,
                                                                        const AVCodecContext& encoder,
                                                                        std::uint32_t timescale,
                                                                        const std::string& language);

    /// The same for a stream that is copied: the parameters are those of its packets, whose framing the
    /// configuration must fit.
    [[nodiscard]] static Outcome<std::unique_ptr<MezzanineWriter>> open(const OutputFiles& files,
                                                                        const AVCodecParameters& stream,
                                                                        std::uint32_t timescale,
                                                                        const std::string& language);
    MezzanineWriter(const MezzanineWriter&) = delete;
    MezzanineWriter& operator=(const MezzanineWriter&) = delete;

    /// Takes the packet's data. With `begins_fragment` it is the first of a new one.
    [[nodiscard]] Outcome<void> write(AVPacket& packet, bool begins_fragment);

    /// Writes the finished file under its name, durably.
    [[nodiscard]] Outcome<void> finish(const std::string& file_name);

private:
    MezzanineWriter(const OutputFiles& files, std::uint32_t timescale) noexcept
        : files_(files), timescale_(timescale) {}

    static int collect(void* self, std::uint8_t* data, int size) noexcept;
    [[nodiscard]] int open_muxer(const AVCodecParameters& parameters, const std::string& language);
    [[nodiscard]] Outcome<void> end_fragment();
    [[nodiscard]] Outcome<void> take_boxes();
    [[nodiscard]] Outcome<void> take_fragment(Bytes moof, std::size_t bytes);

    const OutputFiles& files_;
    std::uint32_t timescale_;
    UniqueFd scratch_;
    Av<AVIOContext> io_;
    AvMuxer muxer_;
    std::vector<std::byte> pending_;  // what the muxer wrote and nobody took yet
    std::vector<std::byte> head_;     // ftyp and moov
    std::vector<FragmentFacts> fragments_;
    std::uint64_t media_bytes_ = 0;
    std::int64_t end_ = 0;      // of the last sample, ticks from the first tfdt
    bool in_fragment_ = false;  // packets were written since the last end_fragment()
    bool out_of_memory_ = false;
};

}  // namespace mezz::worker
