#include "media/sample_entry.hpp"

namespace mezz::media {
namespace {

constexpr std::size_t kVisualEntrySize = 78;  // VisualSampleEntry without its boxes

// Children of a sample entry, which begin `skip` bytes into it.
Box children_of(const Box& entry, std::size_t skip) noexcept {
    const std::size_t from = skip < entry.payload.size() ? skip : entry.payload.size();
    return {entry.type, entry.offset, entry.header_size + static_cast<std::uint32_t>(from),
            entry.payload.subspan(from)};
}

void read_visual_details(const Box& children, MovieTrack& track) {
    if (const auto pasp = find_box(children, fourcc("pasp")); pasp && *pasp) {
        ByteReader in((*pasp)->payload);
        const std::uint32_t h = in.u32();
        const std::uint32_t v = in.u32();
        if (in.ok() && h != 0 && v != 0) {
            track.pixel_aspect_h = h;
            track.pixel_aspect_v = v;
        }
    }
    if (const auto colr = find_box(children, fourcc("colr")); colr && *colr) {
        ByteReader in((*colr)->payload);
        if (in.u32() == fourcc("nclx") && in.has(7)) track.color = (*colr)->payload.first(11);
    }
}

Result<bool> read_avc_entry(const Box& entry, MovieTrack& track) {
    ByteReader in(entry.payload);
    in.skip(24);
    track.width = in.u16();
    track.height = in.u16();
    if (!in.ok() || entry.payload.size() < kVisualEntrySize)
        return fail(ErrorCode::bad_media, "avc1: sample entry is cut off", entry.offset);
    const Box children = children_of(entry, kVisualEntrySize);
    const auto avcc = require_box(children, fourcc("avcC"), "avc1: avcC is missing");
    if (!avcc) return std::unexpected(avcc.error());
    auto config = parse_avc_config(avcc->payload);
    if (!config) return fail(config.error().code, config.error().text, avcc->offset);
    track.kind = TrackKind::video;
    track.codec = Codec::h264;
    track.config = avcc->payload;
    track.avc = std::move(*config);
    read_visual_details(children, track);
    return true;
}

// QuickTime's versions 1 and 2 put more fields before the boxes, and may wrap esds in `wave`.
Result<std::optional<Box>> find_esds(const Box& entry) {
    ByteReader in(entry.payload);
    in.skip(8);
    const unsigned version = in.u16();
    const std::size_t fields = version == 1 ? 44 : version == 2 ? 64 : 28;
    const Box children = children_of(entry, fields);
    auto esds = find_box(children, fourcc("esds"));
    if (!esds || *esds) return esds;
    const auto wave = find_box(children, fourcc("wave"));
    if (!wave || !*wave) return wave;
    return find_box(**wave, fourcc("esds"));
}

Result<bool> read_mp4a_entry(const Box& entry, MovieTrack& track) {
    const auto esds = find_esds(entry);
    if (!esds) return std::unexpected(esds.error());
    if (!*esds) return fail(ErrorCode::bad_media, "mp4a: esds is missing", entry.offset);
    const auto specific = audio_specific_config((*esds)->payload);
    if (!specific && specific.error().code == ErrorCode::unsupported) return false;
    if (!specific) return fail(specific.error().code, specific.error().text, (*esds)->offset);
    const auto config = parse_aac_config(*specific);
    if (!config && config.error().code == ErrorCode::unsupported) return false;
    if (!config) return fail(config.error().code, config.error().text, (*esds)->offset);
    track.kind = TrackKind::audio;
    track.codec = Codec::aac;
    track.config = *specific;
    track.aac = *config;
    return true;
}

}  // namespace

Result<bool> read_sample_entry(const Box& stbl, MovieTrack& track) {
    const auto stsd = find_box(stbl, fourcc("stsd"));
    if (!stsd) return std::unexpected(stsd.error());
    if (!*stsd) return fail(ErrorCode::bad_media, "stbl: stsd is missing", stbl.offset);
    if ((*stsd)->payload.size() < 8)
        return fail(ErrorCode::bad_media, "stsd: box is cut off", (*stsd)->offset);
    BoxIterator entries((*stsd)->payload.subspan(8), (*stsd)->payload_offset() + 8);
    const auto entry = entries.next();
    if (!entry) return std::unexpected(entry.error());
    if (!*entry) return false;
    switch ((*entry)->type) {
        case fourcc("avc1"):
        case fourcc("avc3"):
            return read_avc_entry(**entry, track);
        case fourcc("mp4a"):
            return read_mp4a_entry(**entry, track);
        default:
            return false;
    }
}

}  // namespace mezz::media
