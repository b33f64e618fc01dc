#include "audio_copy.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <new>
#include <span>

#include "media/codec.hpp"
#include "media/silent_aac.hpp"

namespace mezz::worker {
namespace {

constexpr std::int64_t kTolerated = 50;     // ms that times may be off
constexpr std::int64_t kMostPriming = 150;  // ms before 0 that an edit list hides
constexpr std::int64_t kLatest = 100;       // ms after 0 that the first packet may come

std::unexpected<Failure> refuse(const std::string& why) {
    return give_up(FailureKind::source, "The sound cannot be copied: " + why);
}

constexpr int kAacFrame = 1024;  // samples

// A packet of AAC-LC without sound, as it stands in a file; empty if the stream is anything else.
std::vector<std::byte> silent_packet(const AVCodecParameters& stream) {
    if (stream.codec_id != AV_CODEC_ID_AAC || stream.frame_size != kAacFrame) return {};
    unsigned channels = 0;
    if (stream.extradata_size > 0) {
        const auto config = media::parse_aac_config(
            std::as_bytes(std::span(stream.extradata, static_cast<std::size_t>(stream.extradata_size))));
        if (!config || config->object_type != 2 || config->signalled_type != 2) return {};
        channels = config->channel_configuration;
    } else if (stream.profile == FF_PROFILE_AAC_LOW && stream.ch_layout.nb_channels <= 2) {
        channels = static_cast<unsigned>(stream.ch_layout.nb_channels);
    }
    if (channels < 1 || channels > 7) return {};
    return media::silent_aac(channels);
}

}  // namespace

bool is_heard_everywhere(const AVStream& stream) noexcept {
    switch (stream.codecpar->codec_id) {
        case AV_CODEC_ID_AAC:
        case AV_CODEC_ID_MP3:
        case AV_CODEC_ID_OPUS:
        case AV_CODEC_ID_FLAC:
            return true;
        default:
            return false;
    }
}

bool is_heard_somewhere(const AVStream& stream) noexcept {
    const AVCodecID id = stream.codecpar->codec_id;
    return is_heard_everywhere(stream) || id == AV_CODEC_ID_AC3 || id == AV_CODEC_ID_EAC3;
}

AudioCopy::AudioCopy(std::string name, const AVStream& stream, double fragment_length,
                     std::unique_ptr<MezzanineWriter> writer)
    : name_(std::move(name)),
      stream_(&stream),
      rate_(stream.codecpar->sample_rate),
      fragment_length_(std::llround(fragment_length * rate_)),
      next_fragment_(fragment_length_),
      writer_(std::move(writer)),
      silence_(silent_packet(*stream.codecpar)) {}

Outcome<AudioCopy> AudioCopy::open(const OutputFiles& files, const AudioPlan& plan, std::string name,
                                   const AVStream& stream, double fragment_length) {
    constexpr int kHighest = 192000;
    const int rate = stream.codecpar->sample_rate;
    if (rate <= 0 || rate > kHighest) return refuse("its rate is unknown.");
    const std::string& language = plan.track.language.code;
    auto writer = MezzanineWriter::open(files, *stream.codecpar, static_cast<std::uint32_t>(rate),
                                        language == "und" ? "" : language);
    if (!writer) return std::unexpected(std::move(writer.error()));
    AudioCopy copy(std::move(name), stream, fragment_length, std::move(*writer));
    if (stream.codecpar->codec_id == AV_CODEC_ID_AAC && stream.codecpar->extradata_size == 0)
        if (auto ok = copy.strip_adts(); !ok) return std::unexpected(std::move(ok.error()));
    return copy;
}

// The first packet then brings the configuration, which the muxer takes from it.
Outcome<void> AudioCopy::strip_adts() {
    AVBSFContext* filter = nullptr;
    const AVBitStreamFilter* const kind = av_bsf_get_by_name("aac_adtstoasc");
    if (kind == nullptr || av_bsf_alloc(kind, &filter) < 0) throw std::bad_alloc();
    without_adts_.reset(filter);
    int error = avcodec_parameters_copy(filter->par_in, stream_->codecpar);
    filter->time_base_in = {1, rate_};
    if (error >= 0) error = av_bsf_init(filter);
    if (error < 0) return refuse("its packets have an unknown form.");
    return {};
}

// `coded` as in the source, with the heads that its packets have.
Outcome<void> AudioCopy::append(AVPacket& packet, std::int64_t length, bool coded) {
    packet.pts = packet.dts = position_;
    packet.duration = length;
    packet.flags = AV_PKT_FLAG_KEY;
    const bool begins = position_ >= next_fragment_;
    if (begins) next_fragment_ = position_ + fragment_length_;
    position_ += length;
    if (without_adts_ && coded) {
        int error = av_bsf_send_packet(without_adts_.get(), &packet);
        if (error >= 0) error = av_bsf_receive_packet(without_adts_.get(), &packet);
        if (error < 0) return refuse("its packets have an unknown form.");
    }
    return writer_->write(packet, begins);
}

Outcome<void> AudioCopy::fill_up_to(std::int64_t time) {
    const Av<AVPacket> packet = make_packet();
    while (time - position_ > kAacFrame / 2) {
        if (av_new_packet(packet.get(), static_cast<int>(silence_.size())) < 0) throw std::bad_alloc();
        std::ranges::copy(silence_, reinterpret_cast<std::byte*>(packet->data));
        if (auto ok = append(*packet, kAacFrame, false); !ok) return ok;
        av_packet_unref(packet.get());
    }
    return {};
}

std::int64_t AudioCopy::length_of(const AVPacket& packet) const noexcept {
    if (stream_->codecpar->frame_size > 0) return stream_->codecpar->frame_size;
    const int samples = av_get_audio_frame_duration2(stream_->codecpar, packet.size);
    return samples > 0 ? samples : av_rescale_q(packet.duration, stream_->time_base, {1, rate_});
}

// Where a packet belongs that the file puts at `time` (ticks). False if it is before the title.
Outcome<bool> AudioCopy::place(std::int64_t time, std::int64_t& length) {
    const auto ticks = [this](std::int64_t ms) { return av_rescale(ms, rate_, 1000); };
    if (!begun_) {
        if (time < -ticks(kMostPriming)) return false;
        begun_ = true;
        if (time <= ticks(kLatest)) {
            // A little late, the first packet lasts until the second, so that the track begins at 0.
            position_ = std::min<std::int64_t>(time, 0);
            length += std::max<std::int64_t>(time, 0);
            return true;
        }
        // The configuration comes with the first packet that has such a head.
        if (silence_.empty() || without_adts_) return refuse("it begins late.");
    } else if (std::abs(time - position_) <= ticks(kTolerated)) {
        return true;
    }
    if (time < position_ || silence_.empty()) return refuse("there are gaps in it.");
    if (auto ok = fill_up_to(time); !ok) return std::unexpected(std::move(ok.error()));
    return true;
}

Outcome<void> AudioCopy::feed(AVPacket& packet) {
    std::int64_t length = length_of(packet);
    if (length <= 0) return refuse("its packets' length is unknown.");
    const std::int64_t ticks = packet.pts != AV_NOPTS_VALUE ? packet.pts : packet.dts;
    const std::int64_t time =
        ticks == AV_NOPTS_VALUE ? position_ : av_rescale_q(ticks, stream_->time_base, {1, rate_});
    const auto wanted = place(time, length);
    if (!wanted) return std::unexpected(wanted.error());
    if (!*wanted) return {};
    return append(packet, length, true);
}

std::int64_t AudioCopy::end_time() const noexcept {
    return av_rescale(position_, 1000000, rate_);
}

Outcome<void> AudioCopy::finish() {
    if (!begun_) return refuse("there is none.");
    return writer_->finish(name_ + ".mp4");
}

}  // namespace mezz::worker
