#include "media/sample_entry.hpp"

#include <algorithm>
#include <array>
#include <span>

namespace mezz::media {
namespace {

constexpr std::size_t kVisualEntrySize = 78;  // VisualSampleEntry without its boxes

// Children of a sample entry, which begin `skip` bytes into it.
Box children_of(const Box& entry, std::size_t skip) noexcept {
    const std::size_t from = skip < entry.payload.size() ? skip : entry.payload.size();
    return {entry.type, entry.offset, entry.header_size + static_cast<std::uint32_t>(from),
            entry.payload.subspan(from)};
}

// A sample entry that is known, and what it holds.
struct EntryForm {
    FourCc type = 0;
    Codec codec = Codec::h264;
    Result<CodecDetails> (*read)(Bytes config) = nullptr;
    const char* cut_off = nullptr;  ///< what to say of video
    const char* missing = nullptr;
};

constexpr std::array<EntryForm, 6> kVideoEntries = {{
    {fourcc("avc1"), Codec::h264, read_avc, "avc1: sample entry is cut off", "avc1: avcC is missing"},
    {fourcc("avc3"), Codec::h264, read_avc, "avc1: sample entry is cut off", "avc1: avcC is missing"},
    {fourcc("hvc1"), Codec::hevc, read_hevc, "hvc1: sample entry is cut off", "hvc1: hvcC is missing"},
    {fourcc("hev1"), Codec::hevc, read_hevc, "hev1: sample entry is cut off", "hev1: hvcC is missing"},
    {fourcc("av01"), Codec::av1, read_av1, "av01: sample entry is cut off", "av01: av1C is missing"},
    {fourcc("vp09"), Codec::vp9, read_vp9, "vp09: sample entry is cut off", "vp09: vpcC is missing"},
}};

constexpr std::array<EntryForm, 4> kAudioEntries = {{
    {fourcc("ac-3"), Codec::ac3, read_ac3},
    {fourcc("ec-3"), Codec::eac3, read_eac3},
    {fourcc("Opus"), Codec::opus, read_opus},
    {fourcc("fLaC"), Codec::flac, read_flac},
}};

// Takes what a reader made of an audio configuration. False if it is of a form that is not packaged.
Result<bool> take(Result<CodecDetails> details, Codec codec, std::uint64_t offset, MovieTrack& track) {
    if (!details && details.error().code == ErrorCode::unsupported) return false;
    if (!details) return fail(details.error().code, details.error().text, offset);
    track.kind = TrackKind::audio;
    track.codec = codec;
    track.details = std::move(*details);
    return true;
}

void read_pixel_aspect(const Box& children, MovieTrack& track) {
    const auto pasp = find_box(children, fourcc("pasp"));
    if (!pasp || !*pasp) return;
    ByteReader in((*pasp)->payload);
    const std::uint32_t h = in.u32();
    const std::uint32_t v = in.u32();
    if (!in.ok() || h == 0 || v == 0) return;
    track.pixel_aspect_h = h;
    track.pixel_aspect_v = v;
}

// QuickTime's `nclc` lacks the range. What the pictures themselves say is what decoders go by, and containers
// have been seen to contradict it; with H.264 it is the box that is right more often.
void read_color(const Box& children, Codec codec, Color& color) {
    const auto colr = find_box(children, fourcc("colr"));
    if (!colr || !*colr) return;
    ByteReader in((*colr)->payload);
    const FourCc type = in.u32();
    Color boxed;
    boxed.primaries = in.u16();
    boxed.transfer = in.u16();
    boxed.matrix = in.u16();
    boxed.boxed = type == fourcc("nclx");
    if (boxed.boxed) boxed.range = in.u8();
    if (!in.ok() || (type != fourcc("nclx") && type != fourcc("nclc"))) return;
    const bool h264 = codec == Codec::h264;
    if (h264 || !color.specified()) color = boxed;
    color.boxed = boxed.boxed || !h264;
}

// Mastering display, light levels and Dolby Vision: passed through as they are.
void read_side_boxes(const Box& children, std::vector<std::byte>& out) {
    constexpr std::array kSideBoxes = {fourcc("mdcv"), fourcc("clli"), fourcc("amve"),
                                       fourcc("cclv"), fourcc("SmDm"), fourcc("CoLL"),
                                       fourcc("dvcC"), fourcc("dvvC"), fourcc("dvwC")};
    constexpr std::size_t kLargest = 256;
    BoxIterator boxes(children);
    ByteWriter writer(out);
    for (std::size_t count = 0; count < kSideBoxes.size();) {
        const auto box = boxes.next();
        if (!box || !*box) return;
        if (std::ranges::find(kSideBoxes, (*box)->type) == kSideBoxes.end()) continue;
        if ((*box)->payload.size() > kLargest) continue;
        writer.u32(8 + (*box)->payload.size());
        writer.u32((*box)->type);
        writer.bytes((*box)->payload);
        ++count;
    }
}

Result<bool> read_video_entry(const Box& entry, const EntryForm& form, MovieTrack& track) {
    ByteReader in(entry.payload);
    in.skip(24);
    track.width = in.u16();
    track.height = in.u16();
    if (!in.ok() || entry.payload.size() < kVisualEntrySize)
        return fail(ErrorCode::bad_media, form.cut_off, entry.offset);
    const Box children = children_of(entry, kVisualEntrySize);
    const auto config = require_box(children, form_of(form.codec).config_box, form.missing);
    if (!config) return std::unexpected(config.error());
    auto details = form.read(config->payload);
    if (!details) return fail(details.error().code, details.error().text, config->offset);
    track.kind = TrackKind::video;
    track.codec = form.codec;
    track.details = std::move(*details);
    track.config = config->payload;
    track.relabelled = form.codec == Codec::hevc && entry.type != form_of(form.codec).entry;
    read_pixel_aspect(children, track);
    read_color(children, track.codec, track.details.color);
    read_side_boxes(children, track.side_boxes);
    return true;
}

// QuickTime's versions 1 and 2 put more fields before the boxes.
Box audio_children(const Box& entry) noexcept {
    ByteReader in(entry.payload);
    in.skip(8);
    const unsigned version = in.u16();
    return children_of(entry, version == 1 ? 44 : version == 2 ? 64 : 28);
}

// Old QuickTime files have none of these boxes: their sound is left out.
Result<bool> read_audio_entry(const Box& entry, const EntryForm& form, MovieTrack& track) {
    const auto config = find_box(audio_children(entry), form_of(form.codec).config_box);
    if (!config) return std::unexpected(config.error());
    if (!*config) return false;
    const auto known = take(form.read((*config)->payload), form.codec, (*config)->offset, track);
    if (known && *known) track.config = (*config)->payload;
    return known;
}

Result<bool> read_mp3_entry(const Box& entry, MovieTrack& track) {
    ByteReader in(entry.payload);
    in.skip(16);
    const unsigned channels = in.u16();
    in.skip(6);
    const std::uint32_t sample_rate = in.u32() >> 16;
    if (!in.ok()) return fail(ErrorCode::bad_media, "mp4a: sample entry is cut off", entry.offset);
    return take(describe_mp3(sample_rate, channels), Codec::mp3, entry.offset, track);
}

// QuickTime may wrap esds in `wave`.
Result<std::optional<Box>> find_esds(const Box& entry) {
    const Box children = audio_children(entry);
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
    const std::uint64_t offset = (*esds)->offset;
    const auto stream = parse_esds((*esds)->payload);
    if (!stream) return fail(stream.error().code, stream.error().text, offset);
    if (is_mpeg_audio(*stream)) return read_mp3_entry(entry, track);
    if (!is_aac(*stream)) return false;
    if (stream->specific.empty())
        return fail(ErrorCode::bad_media, "esds: DecoderSpecificInfo is missing", offset);
    const auto known = take(read_aac(stream->specific), Codec::aac, offset, track);
    if (known && *known) track.config = stream->specific;
    return known;
}

Result<bool> read_entry(const Box& entry, MovieTrack& track) {
    if (entry.type == fourcc("mp4a")) return read_mp4a_entry(entry, track);
    if (entry.type == fourcc(".mp3")) return read_mp3_entry(entry, track);
    if (const auto form = std::ranges::find(kVideoEntries, entry.type, &EntryForm::type);
        form != kVideoEntries.end())
        return read_video_entry(entry, *form, track);
    if (const auto form = std::ranges::find(kAudioEntries, entry.type, &EntryForm::type);
        form != kAudioEntries.end())
        return read_audio_entry(entry, *form, track);
    return false;
}

Result<std::vector<Box>> read_entries(const Box& stsd) {
    constexpr std::size_t kMostEntries = 64;
    std::vector<Box> entries;
    BoxIterator boxes(stsd.payload.subspan(8), stsd.payload_offset() + 8);
    for (;;) {
        const auto entry = boxes.next();
        if (!entry) return std::unexpected(entry.error());
        if (!*entry) return entries;
        if (entries.size() == kMostEntries)
            return fail(ErrorCode::unsupported, "stsd: over 64 sample descriptions", stsd.offset);
        entries.push_back(**entry);
    }
}

// Which entries samples have, by stsc (§8.7.4) and by trex. Writers have been seen to count from 0.
Result<std::vector<bool>> used_entries(const Box& stbl, std::size_t count,
                                       std::uint32_t extends_description) {
    std::vector<bool> used(count);
    const auto use = [&](std::uint32_t number) {
        used[number == 0 || number > count ? 0 : number - 1] = true;
    };
    if (extends_description != 0) use(extends_description);
    const auto stsc = find_box(stbl, fourcc("stsc"));
    if (!stsc) return std::unexpected(stsc.error());
    if (*stsc) {
        ByteReader in((*stsc)->payload);
        in.skip(8);
        constexpr std::size_t kEntrySize = 12;
        while (in.remaining() >= kEntrySize) {
            in.skip(8);
            use(in.u32());
        }
    }
    return used;
}

// One decoder, told once, can decode the samples of both.
bool is_same(const MovieTrack& a, const MovieTrack& b) noexcept {
    return a.kind == b.kind && a.codec == b.codec && a.width == b.width && a.height == b.height &&
           a.pixel_aspect_h == b.pixel_aspect_h && a.pixel_aspect_v == b.pixel_aspect_v &&
           a.details.audio.sample_rate == b.details.audio.sample_rate &&
           a.details.audio.channels == b.details.audio.channels && std::ranges::equal(a.config, b.config);
}

// Of several entries the one that samples have, if it is one.
Result<bool> read_used_entry(const Box& stsd, std::span<const Box> entries, const std::vector<bool>& used,
                             MovieTrack& track) {
    const std::size_t first = static_cast<std::size_t>(std::ranges::find(used, true) - used.begin());
    const std::size_t chosen = first == entries.size() ? 0 : first;
    const auto known = read_entry(entries[chosen], track);
    if (!known || !*known) return known;
    track.description = static_cast<std::uint32_t>(chosen + 1);
    for (std::size_t i = chosen + 1; i < entries.size(); ++i) {
        if (!used[i]) continue;
        MovieTrack other;
        const auto also_known = read_entry(entries[i], other);
        if (!also_known) return also_known;
        if (!*also_known || !is_same(track, other))
            return fail(ErrorCode::unsupported, "stsd: samples of several descriptions", stsd.offset);
        track.description = 0;
    }
    return true;
}

}  // namespace

Result<bool> read_sample_entry(const Box& stbl, std::uint32_t extends_description, MovieTrack& track) {
    const auto stsd = find_box(stbl, fourcc("stsd"));
    if (!stsd) return std::unexpected(stsd.error());
    if (!*stsd) return fail(ErrorCode::bad_media, "stbl: stsd is missing", stbl.offset);
    if ((*stsd)->payload.size() < 8)
        return fail(ErrorCode::bad_media, "stsd: box is cut off", (*stsd)->offset);
    const auto entries = read_entries(**stsd);
    if (!entries) return std::unexpected(entries.error());
    if (entries->empty()) return false;
    if (entries->size() == 1) return read_entry(entries->front(), track);
    const auto used = used_entries(stbl, entries->size(), extends_description);
    if (!used) return std::unexpected(used.error());
    return read_used_entry(**stsd, *entries, *used, track);
}

}  // namespace mezz::media
