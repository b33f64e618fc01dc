#include <array>

#include "media/codec.hpp"

namespace mezz::media {
namespace {

// In the order of Codec.
constexpr std::array<CodecForm, 12> kForms = {{
    {TrackKind::video, fourcc("avc1"), fourcc("avcC"), "h264"},
    {TrackKind::video, fourcc("hvc1"), fourcc("hvcC"), "hevc"},
    {TrackKind::video, fourcc("av01"), fourcc("av1C"), "av1"},
    {TrackKind::video, fourcc("vp09"), fourcc("vpcC"), "vp9"},
    {TrackKind::audio, fourcc("mp4a"), fourcc("esds"), "aac"},
    {TrackKind::audio, fourcc("mp4a"), fourcc("esds"), "mp3"},
    {TrackKind::audio, fourcc("ac-3"), fourcc("dac3"), "ac3"},
    {TrackKind::audio, fourcc("ec-3"), fourcc("dec3"), "eac3"},
    {TrackKind::audio, fourcc("Opus"), fourcc("dOps"), "opus"},
    {TrackKind::audio, fourcc("fLaC"), fourcc("dfLa"), "flac"},
    {TrackKind::text, fourcc("tx3g"), fourcc("ftab"), "tx3g"},
    {TrackKind::text, fourcc("wvtt"), fourcc("vttC"), "wvtt"},
}};

}  // namespace

const CodecForm& form_of(Codec codec) noexcept {
    return kForms[static_cast<std::size_t>(codec)];
}

}  // namespace mezz::media
