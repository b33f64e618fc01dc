// The layout of one MPEG-TS segment, known from its sample tables alone.
#pragma once

#include <cstdint>
#include <memory_resource>
#include <optional>
#include <span>
#include <vector>

#include "core/bytes.hpp"
#include "core/error.hpp"
#include "media/codec.hpp"
#include "media/sample.hpp"

namespace mezz::package {

/// The video of a segment. Borrows all spans.
struct TsVideoTrack {
    enum class Codec : std::uint8_t { h264, hevc };

    Codec codec = Codec::h264;
    std::uint32_t timescale = 0;
    Bytes parameter_sets;  ///< Annex B: start code, SPS, start code, PPS …; sent before each sync sample
    unsigned nal_length_size = 4;                 ///< of the samples' length prefixes: 1, 2 or 4
    std::span<const media::Sample> samples;       ///< in decoding order
    std::span<const std::uint32_t> nal_counts{};  ///< NAL units of each sample; not needed for size 4
    std::uint32_t least_packets = 0;              ///< transport packets that a picture takes at least
};

/// The audio of a segment. Borrows `samples`, which are frames as MP4 holds them (of AAC, without a header),
/// and `breaks`. HE-AAC is described by its core: object type 2 and the core's sampling frequency.
struct TsAudioTrack {
    std::uint32_t timescale = 0;
    std::uint8_t object_type = 2;               ///< of AAC: 1 to 4
    std::uint8_t sampling_frequency_index = 0;  ///< of AAC: 0 to 12
    std::uint8_t channel_configuration = 0;     ///< of AAC: 1 to 7
    std::span<const media::Sample> samples;
    std::span<const std::uint32_t> breaks{};  ///< samples, rising, before which a PES packet ends
    media::Codec codec = media::Codec::aac;
    std::uint32_t sample_rate = 0;  ///< Hz, of MP3
    /// Transport packets that it takes at least; not heeded where that is over an eighth more than it needs.
    std::uint32_t least_packets = 0;
};

/// One PES packet of a segment: a picture, or some audio frames.
struct TsPes {
    std::uint32_t first = 0;        ///< its first sample
    std::uint32_t samples = 0;      ///< how many, from `first` on; those of size 0 are skipped
    std::uint32_t packets = 0;      ///< transport packets that carry it
    std::uint32_t pcr_packets = 0;  ///< packets with only a clock reference, sent before it
    std::uint8_t source = 0;        ///< kTsVideo or kTsAudio
};

/// Bytes that a sample grows by when its length prefixes become start codes of 4 bytes.
[[nodiscard]] inline std::uint32_t ts_growth(const TsVideoTrack& track, std::uint32_t sample) noexcept {
    return track.nal_length_size == 4 ? 0 : track.nal_counts[sample] * (4 - track.nal_length_size);
}

inline constexpr unsigned kTsVideo = 0;
inline constexpr unsigned kTsAudio = 1;

/// The layout of one segment. It borrows what its tracks borrow, and must outlive its muxer. A segment is
/// PAT, PMT, then the PES packets of both tracks in decoding order. Each elementary PID carries a multiple of
/// 16 packets, so that every segment begins with continuity counter 0 and can be made without its neighbours.
class TsPlan {
public:
    /// One pass over the samples; reads no media byte. `segment_number` counts from 0 through the rendition;
    /// PAT and PMT take their continuity counter from it. Give both tracks of the rendition (with empty
    /// samples, if a segment has none of one), since the PMT lists the tracks given. Memory comes from
    /// `memory`: 20 bytes a PES packet.
    /// Errors: unsupported "ts: AAC …", "ts: audio codec", "ts: audio frame size"; internal "ts: NAL units
    /// are not counted"; bad_media "ts: timescale"; too_large "ts: samples"; internal "ts: no track" when
    /// both are absent.
    [[nodiscard]] static Result<TsPlan> make(
        const std::optional<TsVideoTrack>& video, const std::optional<TsAudioTrack>& audio,
        std::uint64_t segment_number, std::pmr::memory_resource* memory = std::pmr::get_default_resource());

    /// Exact bytes of the segment; a multiple of 188.
    [[nodiscard]] std::uint64_t size() const noexcept;

    [[nodiscard]] const std::optional<TsVideoTrack>& video() const noexcept { return video_; }
    [[nodiscard]] const std::optional<TsAudioTrack>& audio() const noexcept { return audio_; }
    [[nodiscard]] std::uint64_t segment_number() const noexcept { return segment_number_; }
    [[nodiscard]] std::span<const TsPes> pes() const noexcept { return pes_; }
    /// Packets with only a clock reference, sent after the last PES packet.
    [[nodiscard]] std::uint32_t tail_pcr_packets() const noexcept { return tail_pcr_packets_; }

    /// The track (kTsVideo or kTsAudio) whose PID carries the clock reference.
    [[nodiscard]] unsigned pcr_source() const noexcept { return video_ ? kTsVideo : kTsAudio; }
    /// The first sample of a PES packet of this plan.
    [[nodiscard]] const media::Sample& first_sample(const TsPes& pes) const noexcept;
    /// Decoding time of a PES packet of this plan on the segment's 90 kHz clock (see ts_time.hpp).
    [[nodiscard]] std::int64_t decoding_time(const TsPes& pes) const noexcept;

private:
    friend class TsPlanner;
    TsPlan(const std::optional<TsVideoTrack>& video, const std::optional<TsAudioTrack>& audio,
           std::uint64_t segment_number, std::pmr::memory_resource* memory)
        : video_(video), audio_(audio), segment_number_(segment_number), pes_(memory) {}

    std::optional<TsVideoTrack> video_;
    std::optional<TsAudioTrack> audio_;
    std::uint64_t segment_number_;
    std::uint64_t packets_ = 0;
    std::uint32_t tail_pcr_packets_ = 0;
    std::pmr::vector<TsPes> pes_;
};

}  // namespace mezz::package
