#include "package/ts_plan.hpp"

#include <algorithm>
#include <array>

#include "package/adts.hpp"
#include "package/ts_codec.hpp"
#include "package/ts_estimate.hpp"
#include "package/ts_packet.hpp"
#include "package/ts_time.hpp"

namespace mezz::package {
namespace {

constexpr std::uint64_t kPsiPackets = 2;
constexpr std::uint32_t kCounterValues = 16;
/// Ten minutes of clock references: a file whose times jump further does not make the segment huge.
constexpr std::uint32_t kMaxPcrPackets = 6667;
constexpr std::size_t kUsualFramesPerPes = 3;

Result<void> check_tracks(const std::optional<TsVideoTrack>& video,
                          const std::optional<TsAudioTrack>& audio) noexcept {
    if (!video && !audio) return fail(ErrorCode::internal, "ts: no track");
    if (video && video->nal_length_size != 4 && video->nal_counts.size() != video->samples.size())
        return fail(ErrorCode::internal, "ts: NAL units are not counted");
    if ((video && video->timescale == 0) || (audio && audio->timescale == 0))
        return fail(ErrorCode::bad_media, "ts: timescale");
    if ((video && video->samples.size() > UINT32_MAX) || (audio && audio->samples.size() > UINT32_MAX))
        return fail(ErrorCode::too_large, "ts: samples");
    if (!audio) return {};
    if (ts_codec(audio->codec) == nullptr) return fail(ErrorCode::unsupported, "ts: audio codec");
    if (audio->codec != media::Codec::aac) return {};
    return check_adts({audio->object_type, audio->sampling_frequency_index, audio->channel_configuration});
}

}  // namespace

/// Fills a plan: merges the tracks by decoding time, then pads the packet counts.
class TsPlanner {
public:
    explicit TsPlanner(TsPlan& plan) noexcept
        : plan_(plan),
          carried_(ts_codec(plan.audio_ ? plan.audio_->codec : media::Codec::aac)),
          grouping_(plan.audio_ ? plan.audio_->timescale : 1, !plan.video_, carried_->frame_header) {
        if (plan.video_) video_samples_ = plan.video_->samples;
        if (plan.audio_) audio_samples_ = plan.audio_->samples;
    }

    Result<void> run() {
        plan_.pes_.reserve(video_samples_.size() + audio_samples_.size() / kUsualFramesPerPes + 1);
        load_video();
        if (const auto loaded = load_audio(); !loaded) return loaded;
        while (video_.samples > 0 || audio_.samples > 0) {
            if (!audio_is_next()) {
                place(video_);
                load_video();
                continue;
            }
            place(audio_);
            if (const auto loaded = load_audio(); !loaded) return loaded;
        }
        if (last_pcr_) plan_.tail_pcr_packets_ = fill_pcr(pcr_end_ - kTsPcrDelay);
        plan_.packets_ += kPsiPackets + plan_.tail_pcr_packets_;
        pad(kTsVideo);
        pad(kTsAudio);
        return {};
    }

private:
    /// Makes the next picture's PES packet; its `samples` is 0 after the last.
    void load_video() noexcept {
        video_ = {.source = kTsVideo};
        while (next_video_ < video_samples_.size() && video_samples_[next_video_].size == 0)
            ++next_video_;
        if (next_video_ == video_samples_.size()) return;
        const media::Sample& sample = video_samples_[next_video_];
        video_.first = static_cast<std::uint32_t>(next_video_++);
        video_.samples = 1;
        const std::uint32_t size = sample.size + ts_growth(*plan_.video_, video_.first);
        video_.packets = ts_packets_of_video_sample(plan_.video_->codec, size, sample.sync,
                                                    plan_.video_->parameter_sets.size());
        video_.packets = std::max(video_.packets, plan_.video_->least_packets);
    }

    /// Makes the next audio PES packet; its `samples` is 0 after the last.
    Result<void> load_audio() noexcept {
        audio_ = {.source = kTsAudio};
        while (next_audio_ < audio_samples_.size() && audio_samples_[next_audio_].size == 0)
            ++next_audio_;
        const std::size_t first = next_audio_;
        while (next_audio_ < audio_samples_.size()) {
            const media::Sample& frame = audio_samples_[next_audio_];
            if (frame.size > carried_->largest_frame)
                return fail(ErrorCode::unsupported, "ts: audio frame size", frame.offset);
            if (next_audio_ > first && (grouping_.begins_pes(frame) || is_break(next_audio_))) break;
            if (next_audio_ == first)
                grouping_.begin(frame);
            else
                grouping_.add(frame);
            ++next_audio_;
        }
        audio_.first = static_cast<std::uint32_t>(first);
        audio_.samples = static_cast<std::uint32_t>(next_audio_ - first);
        if (audio_.samples > 0) audio_.packets = grouping_.packets_of_last();
        return {};
    }

    [[nodiscard]] bool is_break(std::size_t sample) noexcept {
        const media::Codec codec = plan_.audio_->codec;
        if (plan_.video_ && is_priming(audio_samples_[sample - 1], codec) &&
            !is_priming(audio_samples_[sample], codec))
            return true;
        const auto breaks = plan_.audio_->breaks;
        while (next_break_ < breaks.size() && breaks[next_break_] < sample)
            ++next_break_;
        return next_break_ < breaks.size() && breaks[next_break_] == sample;
    }

    /// Audio goes up to 100 ms after the pictures of its time, so that a segment begins with a picture and
    /// its clock reference unless the picture comes much later.
    [[nodiscard]] bool audio_is_next() const noexcept {
        if (audio_.samples == 0 || video_.samples == 0) return video_.samples == 0;
        return plan_.decoding_time(audio_) + kTsPcrInterval < plan_.decoding_time(video_);
    }

    void place(TsPes pes) {
        const std::int64_t clock = plan_.decoding_time(pes) - kTsPcrDelay;
        const bool carries_pcr = pes.source == plan_.pcr_source();
        if (last_pcr_) {
            pes.pcr_packets =
                fill_pcr(carries_pcr || !pcr_end_known_ ? clock : std::min(clock, pcr_end_ - kTsPcrDelay));
        } else if (!carries_pcr) {
            pes.pcr_packets = 1;
            last_pcr_ = clock;
        }
        if (carries_pcr) last_pcr_ = std::max(clock, last_pcr_.value_or(clock));
        note_end(pes, carries_pcr);
        plan_.packets_ += pes.packets + pes.pcr_packets;
        packets_[pes.source] += pes.packets;
        plan_.pes_.push_back(pes);
    }

    /// Clock references go on until the PCR track ends: the next segment's begin there.
    void note_end(const TsPes& pes, bool carries_pcr) noexcept {
        if (!carries_pcr && pcr_end_known_) return;
        const auto& track_samples = pes.source == kTsVideo ? video_samples_ : audio_samples_;
        const std::uint32_t timescale =
            pes.source == kTsVideo ? plan_.video_->timescale : plan_.audio_->timescale;
        pcr_end_ = ts_end_time(track_samples[pes.first + pes.samples - 1], timescale);
        pcr_end_known_ = carries_pcr;
    }

    /// How many packets keep the clock references 100 ms apart until `clock`.
    std::uint32_t fill_pcr(std::int64_t clock) noexcept {
        const std::int64_t excess = clock - *last_pcr_ - kTsPcrInterval;
        if (excess <= 0) return 0;
        const std::int64_t wanted = (excess + kTsPcrStep - 1) / kTsPcrStep;
        const auto count = static_cast<std::uint32_t>(std::min<std::int64_t>(wanted, pcr_budget_));
        pcr_budget_ -= count;
        *last_pcr_ += count * kTsPcrStep;
        return count;
    }

    [[nodiscard]] std::uint64_t wished_packets(unsigned source) const noexcept {
        const std::uint64_t needed = packets_[source];
        const std::uint64_t least = source == kTsAudio && plan_.audio_ ? plan_.audio_->least_packets : 0;
        return least > needed + needed / 8 ? needed : std::max(needed, least);
    }

    void pad(unsigned source) noexcept {
        const std::uint64_t wished = wished_packets(source);
        const auto missing = static_cast<std::uint32_t>(
            wished + (kCounterValues - wished % kCounterValues) % kCounterValues - packets_[source]);
        if (missing == 0) return;
        TsPes* largest = nullptr;
        for (TsPes& pes : plan_.pes_) {
            if (pes.source != source) continue;
            if (largest == nullptr || pes.packets > largest->packets) largest = &pes;
        }
        largest->packets += missing;
        plan_.packets_ += missing;
    }

    TsPlan& plan_;
    const TsCodec* carried_;
    TsAudioGrouping grouping_;
    std::span<const media::Sample> video_samples_;
    std::span<const media::Sample> audio_samples_;
    std::size_t next_video_ = 0;
    std::size_t next_audio_ = 0;
    std::size_t next_break_ = 0;
    TsPes video_;
    TsPes audio_;
    std::optional<std::int64_t> last_pcr_;
    std::int64_t pcr_end_ = 0;
    bool pcr_end_known_ = false;
    std::uint32_t pcr_budget_ = kMaxPcrPackets;
    std::array<std::uint64_t, 2> packets_{};
};

Result<TsPlan> TsPlan::make(const std::optional<TsVideoTrack>& video,
                            const std::optional<TsAudioTrack>& audio, std::uint64_t segment_number,
                            std::pmr::memory_resource* memory) {
    if (const auto checked = check_tracks(video, audio); !checked) return std::unexpected(checked.error());
    TsPlan plan(video, audio, segment_number, memory);
    if (const auto planned = TsPlanner(plan).run(); !planned) return std::unexpected(planned.error());
    return plan;
}

std::uint64_t TsPlan::size() const noexcept {
    return packets_ * kTsPacketSize;
}

const media::Sample& TsPlan::first_sample(const TsPes& pes) const noexcept {
    return pes.source == kTsVideo ? video_->samples[pes.first] : audio_->samples[pes.first];
}

std::int64_t TsPlan::decoding_time(const TsPes& pes) const noexcept {
    return ts_decoding_time(first_sample(pes),
                            pes.source == kTsVideo ? video_->timescale : audio_->timescale);
}

}  // namespace mezz::package
