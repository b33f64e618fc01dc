#include "package/fmp4_entry.hpp"

#include "package/box_writer.hpp"

namespace mezz::package {
namespace {

using media::fourcc;

void write_config_box(ByteWriter& out, const media::TrackView& track) {
    const BoxWriter box(out, media::form_of(track->codec).config_box);
    out.bytes(track.config());
}

void write_color(ByteWriter& out, const media::Color& color) {
    if (!color.boxed) return;
    const BoxWriter colr(out, fourcc("colr"));
    out.text("nclx");
    out.u16(color.primaries);
    out.u16(color.transfer);
    out.u16(color.matrix);
    out.u8(color.range);
}

// VisualSampleEntry (ISO/IEC 14496-12 §12.1.3).
void write_video_entry(ByteWriter& out, const media::TrackView& track) {
    out.zeros(6);
    out.u16(1);
    out.zeros(16);
    out.u16(track->width);
    out.u16(track->height);
    out.u32(0x480000);
    out.u32(0x480000);
    out.zeros(4);
    out.u16(1);
    out.zeros(32);
    out.u16(0x18);
    out.u16(0xFFFF);
    write_config_box(out, track);
    if (track->pixel_aspect_h != track->pixel_aspect_v) {
        const BoxWriter pasp(out, fourcc("pasp"));
        out.u32(track->pixel_aspect_h);
        out.u32(track->pixel_aspect_v);
    }
    write_color(out, track->color);
    out.bytes(track.side_boxes());
}

constexpr std::size_t kDescriptorHead = 5;

// The tag of a descriptor, and its length in four times seven bits.
void write_descriptor(ByteWriter& out, unsigned tag, std::size_t length) {
    out.u8(tag);
    for (const unsigned shift : {21U, 14U, 7U})
        out.u8((length >> shift & 0x7FU) | 0x80U);
    out.u8(length & 0x7FU);
}

// objectTypeIndication (ISO/IEC 14496-1 §7.2.6.6.2).
unsigned object_type(const media::TrackView& track) noexcept {
    constexpr std::uint32_t kLowestOfMpeg1 = 32000;
    if (track->codec != media::Codec::mp3) return 0x40;
    return track->audio.sample_rate < kLowestOfMpeg1 ? 0x69 : 0x6B;
}

// ES_Descriptor, with the DecoderSpecificInfo that the file has (§7.2.6.5).
void write_esds(ByteWriter& out, const media::TrackView& track) {
    const Bytes config = track.config();
    const std::size_t specific = config.empty() ? 0 : kDescriptorHead + config.size();
    const BoxWriter esds(out, fourcc("esds"));
    out.u32(0);
    write_descriptor(out, 3, 3 + kDescriptorHead + 13 + specific + kDescriptorHead + 1);
    out.u16(1);
    out.u8(0);
    write_descriptor(out, 4, 13 + specific);
    out.u8(object_type(track));
    out.u8(0x15);
    out.zeros(11);
    if (!config.empty()) {
        write_descriptor(out, 5, config.size());
        out.bytes(config);
    }
    write_descriptor(out, 6, 1);
    out.u8(2);
}

// AudioSampleEntry (ISO/IEC 14496-12 §12.2.3); a rate that its 16 bits cannot say is 0.
void write_audio_entry(ByteWriter& out, const media::TrackView& track) {
    const media::AudioFormat& audio = track->audio;
    out.zeros(6);
    out.u16(1);
    out.zeros(8);
    out.u16(audio.channels);
    out.u16(audio.sample_bits);
    out.zeros(4);
    out.u32(audio.sample_rate < 0x10000 ? audio.sample_rate << 16 : 0);
    if (media::form_of(track->codec).config_box == fourcc("esds"))
        write_esds(out, track);
    else
        write_config_box(out, track);
}

// Of video whose parameter sets change, the entry that has decoders take them from the pictures (ISO/IEC
// 14496-15 §5.4.2.1, §8.4.1.1).
media::FourCc entry_type(const media::TrackView& track) noexcept {
    if (track.codec_string().starts_with("avc3")) return fourcc("avc3");
    if (track.codec_string().starts_with("hev1")) return fourcc("hev1");
    return media::form_of(track->codec).entry;
}

}  // namespace

void write_sample_entry(ByteWriter& out, const media::TrackView& track) {
    const BoxWriter entry(out, entry_type(track));
    if (track->kind == media::TrackKind::video)
        write_video_entry(out, track);
    else
        write_audio_entry(out, track);
}

}  // namespace mezz::package
