// How many transport packets samples become: what the plan uses, also for bit rates.
#pragma once

#include <cstddef>
#include <cstdint>

#include "media/sample.hpp"
#include "package/ts_plan.hpp"

namespace mezz::package {

/// Bytes of audio frames in a PES packet at most: PES_packet_length has 16 bits; the rest is room for the
/// header and one more frame's padding.
inline constexpr std::uint32_t kTsMaxAudioPesPayload = 64000;

/// Packets that carry one video sample, 0 if its size is 0. A plan's PES packet takes just as many, but for
/// the up to 15 that fill the segment's packet count to a multiple of 16, and clock references between
/// pictures more than 100 ms apart.
[[nodiscard]] std::uint32_t ts_packets_of_video_sample(TsVideoTrack::Codec codec, std::uint32_t size,
                                                       bool sync, std::size_t parameter_sets_size) noexcept;

/// Packets that carry one PES packet of audio frames. `frames_size` is their bytes with the headers put
/// before them; `audio_only` tells that the audio PID carries the clock reference.
[[nodiscard]] std::uint32_t ts_packets_of_audio_pes(std::uint32_t frames_size, bool audio_only) noexcept;

/// Groups successive audio frames into PES packets of at most 200 ms (100 ms if alone, for the clock
/// reference), and counts the packets. To estimate a track, add all its samples, then read packets().
class TsAudioGrouping {
public:
    /// `timescale` must not be 0. `frame_header`: bytes put before each frame.
    TsAudioGrouping(std::uint32_t timescale, bool audio_only, std::uint32_t frame_header) noexcept;

    /// Whether a PES packet would begin with this frame. A frame of size 0 is never sent: false.
    [[nodiscard]] bool begins_pes(const media::Sample& frame) const noexcept;

    /// Adds a frame, in a new PES packet if begins_pes(frame).
    void add(const media::Sample& frame) noexcept;
    /// Adds a frame in a new PES packet.
    void begin(const media::Sample& frame) noexcept;

    /// Packets of the PES packet that the last frame belongs to, as far as it is known; 0 before the first.
    [[nodiscard]] std::uint32_t packets_of_last() const noexcept;
    /// Packets of all PES packets.
    [[nodiscard]] std::uint64_t packets() const noexcept { return closed_packets_ + packets_of_last(); }

private:
    void append(const media::Sample& frame) noexcept;

    std::int64_t longest_;  ///< ticks
    bool audio_only_;
    std::uint32_t frame_header_;
    std::uint32_t frames_size_ = 0;
    std::int64_t begin_ = 0;
    std::int64_t end_ = 0;
    std::uint64_t closed_packets_ = 0;
};

}  // namespace mezz::package
