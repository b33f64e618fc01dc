#include "audio_track.hpp"

#include <algorithm>
#include <array>
#include <new>
#include <span>

namespace mezz::worker {
namespace {

constexpr std::size_t kMostChannels = 8;
constexpr std::int64_t kHeldBack = kAudioRate + kAudioRate / 10;
constexpr std::int64_t kTolerated = kAudioRate / 20;  // samples that times may be off before they count

std::int64_t samples_at(std::int64_t time) {
    return av_rescale(time, kAudioRate, 1000000);
}

bool same_sound(const AVFrame& a, const AVFrame& b) {
    return a.format == b.format && a.sample_rate == b.sample_rate &&
           av_channel_layout_compare(&a.ch_layout, &b.ch_layout) == 0;
}

std::unexpected<Failure> failed(int error) {
    return av_failure(error, FailureKind::source, "The sound's format cannot be converted.");
}

}  // namespace

AudioTrack::AudioTrack(int stream, std::int64_t most_samples, Decoder decoder, AudioEncoder encoder)
    : stream_(stream),
      most_samples_(most_samples),
      decoder_(std::move(decoder)),
      encoder_(std::move(encoder)),
      waiting_(av_audio_fifo_alloc(AV_SAMPLE_FMT_FLTP, encoder_.channels(), 4 * kAudioRate)) {
    if (!waiting_) throw std::bad_alloc();
}

Outcome<AudioTrack> AudioTrack::open(const OutputFiles& files, const AudioPlan& plan, const AVStream& stream,
                                     double fragment_length, const Limits& limits) {
    auto decoder = Decoder::open(stream, 1, limits);
    if (!decoder) return std::unexpected(std::move(decoder.error()));
    auto encoder = AudioEncoder::open(files, plan, fragment_length);
    if (!encoder) return std::unexpected(std::move(encoder.error()));
    const std::int64_t most = std::int64_t{limits.duration_seconds} * kAudioRate;
    return AudioTrack(stream.index, most, std::move(*decoder), std::move(*encoder));
}

Outcome<void> AudioTrack::feed(const AVPacket& packet) {
    return decoder_.feed(&packet, [this](AVFrame& frame) { return take(frame); });
}

Outcome<void> AudioTrack::drain() {
    if (auto ok = decoder_.feed(nullptr, [this](AVFrame& frame) { return take(frame); }); !ok) return ok;
    return resampler_ ? convert(nullptr) : Outcome<void>();
}

std::int64_t AudioTrack::end_time() const noexcept {
    return av_rescale(stored_, 1000000, kAudioRate);
}

Outcome<void> AudioTrack::take(const AVFrame& frame) {
    if (frame.nb_samples <= 0 || frame.sample_rate <= 0) return {};
    if (!shape_ || !same_sound(*shape_, frame))
        if (auto ok = configure(frame); !ok) return ok;
    const std::int64_t time = decoder_.time(frame);
    if (time != AV_NOPTS_VALUE)
        if (auto ok = align(time); !ok) return ok;
    return convert(&frame);
}

Outcome<void> AudioTrack::configure(const AVFrame& frame) {
    if (resampler_)
        if (auto ok = convert(nullptr); !ok) return ok;
    AVChannelLayout wanted{};
    AVChannelLayout layout{};
    av_channel_layout_default(&wanted, encoder_.channels());
    // A number of channels without positions is taken to be the usual arrangement of that number.
    if (frame.ch_layout.order == AV_CHANNEL_ORDER_UNSPEC)
        av_channel_layout_default(&layout, frame.ch_layout.nb_channels);
    else if (av_channel_layout_copy(&layout, &frame.ch_layout) < 0)
        throw std::bad_alloc();
    SwrContext* context = nullptr;
    int error = swr_alloc_set_opts2(&context, &wanted, AV_SAMPLE_FMT_FLTP, kAudioRate, &layout,
                                    static_cast<AVSampleFormat>(frame.format), frame.sample_rate, 0, nullptr);
    resampler_.reset(context);
    av_channel_layout_uninit(&layout);
    if (error >= 0) error = swr_init(context);
    if (error < 0) return failed(error);
    shape_ = share(frame);
    return {};
}

// The samples that follow belong at `time`: makes up for what is missing or too much before them.
Outcome<void> AudioTrack::align(std::int64_t time) {
    const std::int64_t here = stored_ + swr_get_delay(resampler_.get(), kAudioRate) - to_drop_;
    const std::int64_t off = samples_at(time) - here;
    const bool first = stored_ == 0 && to_drop_ == 0;
    if (!first && off > -kTolerated && off < kTolerated) return {};
    if (off > 0) return add_silence(off);
    to_drop_ -= off;
    return {};
}

Outcome<void> AudioTrack::convert(const AVFrame* frame) {
    const int input = frame == nullptr ? 0 : frame->nb_samples;
    const int room = swr_get_out_samples(resampler_.get(), input);
    if (room <= 0) return {};
    const Av<AVFrame> out = make_audio_frame(room, encoder_.channels());
    const auto** const data =
        frame == nullptr ? nullptr : const_cast<const std::uint8_t**>(frame->extended_data);
    const int got = swr_convert(resampler_.get(), out->extended_data, room, data, input);
    if (got < 0) return failed(got);
    return store(out->extended_data, got);
}

Outcome<void> AudioTrack::store(std::uint8_t** data, int samples) {
    const int dropped = static_cast<int>(std::min<std::int64_t>(to_drop_, samples));
    to_drop_ -= dropped;
    samples -= dropped;
    if (samples == 0) return {};
    constexpr std::ptrdiff_t kSampleSize = sizeof(float);
    std::array<std::uint8_t*, kMostChannels> planes{};
    for (std::size_t i = 0; i < static_cast<std::size_t>(encoder_.channels()); ++i)
        planes[i] = data[i] + dropped * kSampleSize;
    if (av_audio_fifo_write(waiting_.get(), reinterpret_cast<void**>(planes.data()), samples) < samples)
        throw std::bad_alloc();
    stored_ += samples;
    if (stored_ > most_samples_)
        return give_up(FailureKind::limit, "The sound lasts longer than is accepted.");
    return encode_down_to(kHeldBack);
}

Outcome<void> AudioTrack::add_silence(std::int64_t samples) {
    constexpr int kPiece = 4096;
    const Av<AVFrame> silence = make_audio_frame(kPiece, encoder_.channels());
    av_samples_set_silence(silence->extended_data, 0, kPiece, encoder_.channels(), AV_SAMPLE_FMT_FLTP);
    while (samples > 0) {
        const int piece = static_cast<int>(std::min<std::int64_t>(samples, kPiece));
        if (auto ok = store(silence->extended_data, piece); !ok) return ok;
        samples -= piece;
    }
    return {};
}

// Encodes whole frames while more than `left` samples wait; with 0 the last may be shorter.
Outcome<void> AudioTrack::encode_down_to(std::int64_t left) {
    const std::int64_t whole = encoder_.frame_size();
    for (std::int64_t size = av_audio_fifo_size(waiting_.get()); size > left;
         size = av_audio_fifo_size(waiting_.get())) {
        if (left > 0 && size - left < whole) return {};
        const int samples = static_cast<int>(std::min(size, whole));
        const Av<AVFrame> frame = make_audio_frame(samples, encoder_.channels());
        if (av_audio_fifo_read(waiting_.get(), reinterpret_cast<void**>(frame->extended_data), samples) !=
            samples)
            return give_up(FailureKind::internal, "Sound got lost.");
        if (auto ok = encoder_.add(*frame); !ok) return ok;
    }
    return {};
}

Outcome<void> AudioTrack::finish(std::int64_t end) {
    const std::int64_t wanted = samples_at(end);
    to_drop_ = 0;
    if (wanted > stored_)
        if (auto ok = add_silence(wanted - stored_); !ok) return ok;
    const std::int64_t excess = std::min<std::int64_t>(stored_ - wanted, av_audio_fifo_size(waiting_.get()));
    if (excess > 0) {
        const Av<AVFrame> rest = make_audio_frame(av_audio_fifo_size(waiting_.get()), encoder_.channels());
        const int kept = static_cast<int>(rest->nb_samples - excess);
        (void)av_audio_fifo_read(waiting_.get(), reinterpret_cast<void**>(rest->extended_data), kept);
        av_audio_fifo_reset(waiting_.get());
        if (kept > 0 &&
            av_audio_fifo_write(waiting_.get(), reinterpret_cast<void**>(rest->extended_data), kept) < kept)
            throw std::bad_alloc();
    }
    if (auto ok = encode_down_to(0); !ok) return ok;
    return encoder_.finish();
}

}  // namespace mezz::worker
