#include "media/silent_frame.hpp"

#include "core/rescale.hpp"
#include "media/silent_aac.hpp"
#include "media/silent_ac3.hpp"
#include "media/silent_flac.hpp"
#include "media/silent_mp3.hpp"
#include "media/silent_opus.hpp"

namespace mezz::media {
namespace {

using Form = std::optional<SilentForm>;

constexpr std::uint32_t kSmall = 160;  // bytes, of all but AC-3 and Opus of very many channels

// In AAC frames of 960 samples, and those of an SBR layer that is not told of, last otherwise; so do frames
// of layer I.
bool all_last(const TrackRecord& track, const SilentForm& form) noexcept {
    return track.default_duration == 0 ||
           track.default_duration == rescale(form.samples, track.timescale, form.rate);
}

// With SBR or PS announced, too: a frame without them is one of the core alone.
Form aac_form(const TrackRecord& track) noexcept {
    const SilentForm form{1024, track.audio.aac.sample_rate, kSmall};
    return track.audio.aac.object_type == 2 && all_last(track, form) ? Form(form) : std::nullopt;
}

Form mp3_form(const TrackRecord& track) noexcept {
    const std::uint32_t rate = track.audio.sample_rate;
    const SilentForm form{mp3_frame_samples(rate), rate, kSmall};
    return all_last(track, form) ? Form(form) : std::nullopt;
}

Form flac_form(Bytes config) noexcept {
    constexpr unsigned kShortest = 16, kFewestBits = 4;  // RFC 9639 §8.2
    const auto stream = parse_flac_config(config);
    if (!stream || stream->max_block < kShortest || stream->sample_bits < kFewestBits) return std::nullopt;
    return SilentForm{stream->max_block, stream->sample_rate, kSmall};
}

Form ac3_form(const TrackRecord& track, Bytes config) noexcept {
    const auto stream = parse_ac3_config(config);
    if (!stream || !is_ac3(*stream)) return std::nullopt;
    return SilentForm{kAc3FrameSamples, track.audio.sample_rate, ac3_frame_bytes(*stream)};
}

Form eac3_form(const TrackRecord& track, Bytes config) noexcept {
    const auto stream = parse_eac3_config(config);
    if (!stream || !stream->alone) return std::nullopt;
    return SilentForm{kAc3FrameSamples, track.audio.sample_rate, kSmall};
}

Form opus_form(Bytes config) noexcept {
    const auto stream = parse_opus_config(config);
    if (!stream || stream->streams == 0 || stream->coupled > stream->streams) return std::nullopt;
    return SilentForm{kSilentOpusFrame, kOpusRate, stream->streams * kSilentOpusStream};
}

}  // namespace

std::optional<SilentForm> silent_form(const TrackView& track) noexcept {
    switch (track->codec) {
        case Codec::aac:
            return aac_form(track.record());
        case Codec::mp3:
            return mp3_form(track.record());
        case Codec::flac:
            return flac_form(track.config());
        case Codec::ac3:
            return ac3_form(track.record(), track.config());
        case Codec::eac3:
            return eac3_form(track.record(), track.config());
        case Codec::opus:
            return opus_form(track.config());
        case Codec::h264:
        case Codec::hevc:
        case Codec::av1:
        case Codec::vp9:
        case Codec::tx3g:
        case Codec::wvtt:
            break;
    }
    return std::nullopt;
}

std::vector<std::byte> silent_frame(const TrackView& track) {
    const Bytes config = track.config();
    if (track->codec == Codec::mp3) return silent_mp3(track->audio.sample_rate, track->audio.channels);
    if (track->codec == Codec::flac) return silent_flac(*parse_flac_config(config));
    if (track->codec == Codec::ac3) return silent_ac3(*parse_ac3_config(config));
    if (track->codec == Codec::eac3) return silent_eac3(*parse_eac3_config(config));
    if (track->codec == Codec::aac) return silent_aac(track->audio.aac.channel_configuration);
    const OpusConfig opus = *parse_opus_config(config);
    return silent_opus(opus.streams, opus.coupled);
}

}  // namespace mezz::media
