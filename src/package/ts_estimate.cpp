#include "package/ts_estimate.hpp"

#include "package/ts_packet.hpp"
#include "package/ts_pes.hpp"
#include "package/ts_time.hpp"

namespace mezz::package {
namespace {

constexpr std::int64_t kLongestAudioPes = kTsClock / 5;

std::uint32_t packets_of(std::uint64_t bytes) noexcept {
    return static_cast<std::uint32_t>((bytes + kTsPayloadSize - 1) / kTsPayloadSize);
}

}  // namespace

std::uint32_t ts_packets_of_video_sample(TsVideoTrack::Codec codec, std::uint32_t size, bool sync,
                                         std::size_t parameter_sets_size) noexcept {
    if (size == 0) return 0;
    // Room for both time stamps always: then a plan need not look at the times.
    const std::uint64_t overhead =
        kTsAdaptationWithPcr + kPesHeaderWithBoth + access_unit_delimiter(codec).size();
    return packets_of(overhead + (sync ? parameter_sets_size : 0) + size);
}

std::uint32_t ts_packets_of_audio_pes(std::uint32_t frames_size, bool audio_only) noexcept {
    if (frames_size == 0) return 0;
    const std::uint64_t adaptation = audio_only ? kTsAdaptationWithPcr : 0;
    return packets_of(adaptation + kPesHeaderWithBoth + frames_size);
}

TsAudioGrouping::TsAudioGrouping(std::uint32_t timescale, bool audio_only,
                                 std::uint32_t frame_header) noexcept
    : longest_(rescale(audio_only ? kTsPcrInterval : kLongestAudioPes, timescale, kTsClock)),
      audio_only_(audio_only),
      frame_header_(frame_header) {}

bool TsAudioGrouping::begins_pes(const media::Sample& frame) const noexcept {
    if (frame.size == 0) return false;
    if (frames_size_ == 0) return true;
    if (std::uint64_t{frames_size_} + frame_header_ + frame.size > kTsMaxAudioPesPayload) return true;
    // Frames after the first of a PES packet get their times from its time: a gap needs a new time stamp.
    const std::int64_t tolerance = frame.duration / 2;
    if (frame.dts > ts_add_ticks(end_, tolerance) || frame.dts < ts_add_ticks(end_, -tolerance)) return true;
    return ts_add_ticks(frame.dts, frame.duration) > ts_add_ticks(begin_, longest_);
}

void TsAudioGrouping::add(const media::Sample& frame) noexcept {
    if (frame.size == 0) return;
    if (begins_pes(frame))
        begin(frame);
    else
        append(frame);
}

void TsAudioGrouping::begin(const media::Sample& frame) noexcept {
    if (frame.size == 0) return;
    closed_packets_ += packets_of_last();
    frames_size_ = 0;
    begin_ = frame.dts;
    append(frame);
}

void TsAudioGrouping::append(const media::Sample& frame) noexcept {
    frames_size_ += frame_header_ + frame.size;
    end_ = ts_add_ticks(frame.dts, frame.duration);
}

std::uint32_t TsAudioGrouping::packets_of_last() const noexcept {
    return ts_packets_of_audio_pes(frames_size_, audio_only_);
}

}  // namespace mezz::package
