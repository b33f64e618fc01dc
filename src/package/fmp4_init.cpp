#include "package/box_writer.hpp"
#include "package/fmp4.hpp"
#include "package/fmp4_entry.hpp"

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
    const std::int64_t priming =
        track->layout == media::Layout::fragments ? track->priming : decode_shift(track);
    if (track->kind != media::TrackKind::audio || priming == 0) return;
    const BoxWriter edts(out, fourcc("edts"));
    const BoxWriter elst(out, fourcc("elst"));
    out.u32(1U << 24);
    out.u32(1);
    out.u64(0);
    out.u64(static_cast<std::uint64_t>(priming));
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

void write_sample_tables(ByteWriter& out, const media::TrackView& track) {
    const BoxWriter stbl(out, fourcc("stbl"));
    {
        const BoxWriter stsd(out, fourcc("stsd"));
        out.u32(0);
        out.u32(1);
        write_sample_entry(out, track);
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
    // Fragments of the file itself may leave out what its own trex says.
    const bool own = track->layout == media::Layout::fragments;
    for (const std::uint32_t value : {track->trex_duration, track->trex_size, track->trex_flags})
        out.u32(own ? value : 0);
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
