#include "package/box_writer.hpp"
#include "package/fmp4.hpp"

namespace mezz::package {
namespace {

using media::fourcc;

void write_file_type(ByteWriter& out) {
    const BoxWriter ftyp(out, fourcc("ftyp"));
    out.text("cmfc");
    out.u32(0);
    for (const char* brand : {"iso6", "cmfc", "mp41"})
        out.text(brand);
}

void write_unity_matrix(ByteWriter& out) {
    for (const std::uint32_t v : {0x10000U, 0U, 0U, 0U, 0x10000U, 0U, 0U, 0U, 0x40000000U})
        out.u32(v);
}

void write_movie_header(ByteWriter& out, const media::TrackView& track) {
    const BoxWriter mvhd(out, fourcc("mvhd"));
    out.zeros(12);
    out.u32(1000);
    out.u32(0);
    out.u32(0x10000);
    out.u16(0x100);
    out.zeros(10);
    write_unity_matrix(out);
    out.zeros(24);
    out.u32(track->id + 1);
}

void write_track_header(ByteWriter& out, const media::TrackView& track) {
    const BoxWriter tkhd(out, fourcc("tkhd"));
    const bool audio = track->kind == media::TrackKind::audio;
    out.u32(3);
    out.zeros(8);
    out.u32(track->id);
    out.zeros(4 + 4 + 8 + 4);
    out.u16(audio ? 0x100 : 0);
    out.zeros(2);
    if (audio)
        write_unity_matrix(out);
    else
        out.bytes(track->matrix);
    out.u32(audio ? 0 : std::uint32_t{track.displayed_width()} << 16);
    out.u32(audio ? 0 : std::uint32_t{track->height} << 16);
}

// Players start the audio after its priming samples (ISO/IEC 14496-12 §8.6.6, 23000-19 §7.5.13).
void write_priming(ByteWriter& out, const media::TrackView& track) {
    if (track->kind != media::TrackKind::audio || track->priming == 0) return;
    const BoxWriter edts(out, fourcc("edts"));
    const BoxWriter elst(out, fourcc("elst"));
    out.u32(1U << 24);
    out.u32(1);
    out.u64(0);
    out.u64(static_cast<std::uint64_t>(track->priming));
    out.u32(0x10000);
}

void write_media_header(ByteWriter& out, const media::TrackView& track) {
    {
        const BoxWriter mdhd(out, fourcc("mdhd"));
        out.zeros(12);
        out.u32(track->timescale);
        out.u32(0);
        std::uint32_t language = 0;
        for (int i = 0; i < 3; ++i)
            language =
                language << 5 |
                (static_cast<std::uint32_t>(track->language[static_cast<std::size_t>(i)] - 0x60) & 31U);
        out.u16(language);
        out.u16(0);
    }
    const BoxWriter hdlr(out, fourcc("hdlr"));
    const bool audio = track->kind == media::TrackKind::audio;
    out.zeros(8);
    out.text(audio ? "soun" : "vide");
    out.zeros(12);
    out.text(audio ? "SoundHandler" : "VideoHandler");
    out.u8(0);
}

void write_avc_entry(ByteWriter& out, const media::TrackView& track) {
    const BoxWriter entry(out, fourcc("avc1"));
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
    {
        const BoxWriter avcc(out, fourcc("avcC"));
        out.bytes(track.config());
    }
    if (track->pixel_aspect_h != track->pixel_aspect_v) {
        const BoxWriter pasp(out, fourcc("pasp"));
        out.u32(track->pixel_aspect_h);
        out.u32(track->pixel_aspect_v);
    }
    if (!track.color().empty()) {
        const BoxWriter colr(out, fourcc("colr"));
        out.bytes(track.color());
    }
}

constexpr std::size_t kDescriptorHead = 5;

// The tag of a descriptor, and its length in four times seven bits.
void write_descriptor(ByteWriter& out, unsigned tag, std::size_t length) {
    out.u8(tag);
    for (const unsigned shift : {21U, 14U, 7U})
        out.u8((length >> shift & 0x7FU) | 0x80U);
    out.u8(length & 0x7FU);
}

// ES_Descriptor of an AudioSpecificConfig (ISO/IEC 14496-1 §7.2.6.5).
void write_esds(ByteWriter& out, Bytes config) {
    const BoxWriter esds(out, fourcc("esds"));
    out.u32(0);
    write_descriptor(out, 3,
                     3 + kDescriptorHead + 13 + kDescriptorHead + config.size() + kDescriptorHead + 1);
    out.u16(1);
    out.u8(0);
    write_descriptor(out, 4, 13 + kDescriptorHead + config.size());
    out.u8(0x40);
    out.u8(0x15);
    out.zeros(11);
    write_descriptor(out, 5, config.size());
    out.bytes(config);
    write_descriptor(out, 6, 1);
    out.u8(2);
}

void write_mp4a_entry(ByteWriter& out, const media::TrackView& track) {
    const BoxWriter entry(out, fourcc("mp4a"));
    out.zeros(6);
    out.u16(1);
    out.zeros(8);
    out.u16(track->aac.channels);
    out.u16(16);
    out.zeros(4);
    out.u32(track->aac.sample_rate < 0x10000 ? track->aac.sample_rate << 16 : 0);
    write_esds(out, track.config());
}

void write_sample_tables(ByteWriter& out, const media::TrackView& track) {
    const BoxWriter stbl(out, fourcc("stbl"));
    {
        const BoxWriter stsd(out, fourcc("stsd"));
        out.u32(0);
        out.u32(1);
        if (track->kind == media::TrackKind::video)
            write_avc_entry(out, track);
        else
            write_mp4a_entry(out, track);
    }
    for (const media::FourCc type : {fourcc("stts"), fourcc("stsc"), fourcc("stco")}) {
        const BoxWriter empty(out, type);
        out.zeros(8);
    }
    const BoxWriter stsz(out, fourcc("stsz"));
    out.zeros(12);
}

void write_media_information(ByteWriter& out, const media::TrackView& track) {
    const BoxWriter minf(out, fourcc("minf"));
    if (track->kind == media::TrackKind::video) {
        const BoxWriter vmhd(out, fourcc("vmhd"));
        out.u32(1);
        out.zeros(8);
    } else {
        const BoxWriter smhd(out, fourcc("smhd"));
        out.zeros(8);
    }
    {
        const BoxWriter dinf(out, fourcc("dinf"));
        const BoxWriter dref(out, fourcc("dref"));
        out.u32(0);
        out.u32(1);
        const BoxWriter url(out, fourcc("url "));
        out.u32(1);
    }
    write_sample_tables(out, track);
}

void write_track(ByteWriter& out, const media::TrackView& track) {
    const BoxWriter trak(out, fourcc("trak"));
    write_track_header(out, track);
    write_priming(out, track);
    const BoxWriter mdia(out, fourcc("mdia"));
    write_media_header(out, track);
    write_media_information(out, track);
}

void write_movie(ByteWriter& out, const media::TrackView& track) {
    const BoxWriter moov(out, fourcc("moov"));
    write_movie_header(out, track);
    write_track(out, track);
    const BoxWriter mvex(out, fourcc("mvex"));
    const BoxWriter trex(out, fourcc("trex"));
    out.u32(0);
    out.u32(track->id);
    out.u32(1);
    out.zeros(12);
}

}  // namespace

std::vector<std::byte> write_init_segment(const media::TrackView& track) {
    std::vector<std::byte> bytes;
    bytes.reserve(1024);
    ByteWriter out(bytes);
    write_file_type(out);
    write_movie(out, track);
    return bytes;
}

}  // namespace mezz::package
