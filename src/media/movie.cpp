#include "media/movie.hpp"

#include <algorithm>
#include <optional>
#include <span>

#include "core/rescale.hpp"
#include "media/box.hpp"
#include "media/sample_entry.hpp"
#include "media/text_entry.hpp"

namespace mezz::media {
namespace {

Result<void> read_track_header(const Box& trak, MovieTrack& track) {
    const auto tkhd = require_box(trak, fourcc("tkhd"), "trak: tkhd is missing");
    if (!tkhd) return std::unexpected(tkhd.error());
    ByteReader in(tkhd->payload);
    const FullBoxHead head = read_full_box_head(in);
    const bool wide = head.version == 1;
    track.enabled = (head.flags & 1U) != 0;
    in.skip(wide ? 16 : 8);
    track.id = in.u32();
    in.skip(4 + (wide ? 8 : 4) + 16);
    const Bytes matrix = in.take(track.matrix.size());
    if (!in.ok()) return fail(ErrorCode::bad_media, "tkhd: box is cut off", tkhd->offset);
    std::ranges::copy(matrix, track.matrix.begin());
    return {};
}

std::array<char, 4> unpack_language(std::uint16_t packed) noexcept {
    constexpr std::uint16_t kFirstIsoCode = 0x400;  // below are QuickTime's own numbers
    if (packed < kFirstIsoCode || packed == 0x7FFF) return {'u', 'n', 'd', '\0'};
    std::array<char, 4> text{};
    for (unsigned i = 0; i < 3; ++i) {
        text[i] = static_cast<char>((packed >> (10 - 5 * i) & 31) + 0x60);
        if (text[i] < 'a' || text[i] > 'z') return {'u', 'n', 'd', '\0'};
    }
    return text;
}

Result<void> read_media_header(const Box& mdia, MovieTrack& track) {
    const auto mdhd = require_box(mdia, fourcc("mdhd"), "mdia: mdhd is missing");
    if (!mdhd) return std::unexpected(mdhd.error());
    ByteReader in(mdhd->payload);
    const bool wide = read_full_box_head(in).version == 1;
    in.skip(wide ? 16 : 8);
    track.timescale = in.u32();
    in.skip(wide ? 8 : 4);
    track.language = unpack_language(in.u16());
    if (!in.ok()) return fail(ErrorCode::bad_media, "mdhd: box is cut off", mdhd->offset);
    if (track.timescale == 0) return fail(ErrorCode::bad_media, "mdhd: timescale is 0", mdhd->offset);
    return {};
}

struct Edit {
    std::uint64_t duration;   // of the movie's timescale
    std::int64_t media_time;  // −1: nothing is shown
};

Edit read_edit(ByteReader& in, bool wide) noexcept {
    Edit edit{};
    edit.duration = wide ? in.u64() : in.u32();
    edit.media_time = wide ? in.i64() : in.i32();
    in.skip(4);
    return edit;
}

// Empty edits before the first real one delay the track; the real one's media time is skipped at its start.
Result<void> read_edit_list(const Box& trak, std::uint32_t movie_timescale, MovieTrack& track) {
    const auto edts = find_box(trak, fourcc("edts"));
    if (!edts) return std::unexpected(edts.error());
    if (!*edts) return {};
    const auto elst = find_box(**edts, fourcc("elst"));
    if (!elst) return std::unexpected(elst.error());
    if (!*elst) return {};
    track.has_edit_list = true;
    ByteReader in((*elst)->payload);
    const bool wide = read_full_box_head(in).version == 1;
    const std::uint32_t count = in.u32();
    if (!in.ok() || count > in.remaining() / (wide ? 20 : 12))
        return fail(ErrorCode::bad_media, "elst: count exceeds box", (*elst)->offset);
    for (std::uint32_t i = 0; i < count; ++i) {
        const Edit edit = read_edit(in, wide);
        constexpr auto kLongest = std::int64_t{1} << 48;
        if (edit.media_time < -1)
            return fail(ErrorCode::bad_media, "elst: media time is negative", (*elst)->offset);
        // Of a real edit the duration is not used; where it is not known yet, all its bits are 1.
        const bool empty = edit.media_time < 0;
        if (edit.media_time > kLongest || (empty && edit.duration > static_cast<std::uint64_t>(kLongest)))
            return fail(ErrorCode::bad_media, "elst: time is out of range", (*elst)->offset);
        if (!empty) {
            track.edit_shift -= edit.media_time;
            return {};
        }
        const std::int64_t delay =
            rescale(static_cast<std::int64_t>(edit.duration), track.timescale, movie_timescale);
        if (delay > kLongest - track.edit_shift)
            return fail(ErrorCode::bad_media, "elst: time is out of range", (*elst)->offset);
        track.edit_shift += delay;
    }
    return {};
}

Result<void> require_own_data(const Box& minf) {
    const auto dinf = find_box(minf, fourcc("dinf"));
    if (!dinf) return std::unexpected(dinf.error());
    if (!*dinf) return {};
    const auto dref = find_box(**dinf, fourcc("dref"));
    if (!dref) return std::unexpected(dref.error());
    if (!*dref || (*dref)->payload.size() < 8) return {};
    BoxIterator entries((*dref)->payload.subspan(8), (*dref)->payload_offset() + 8);
    for (;;) {
        const auto entry = entries.next();
        if (!entry) return std::unexpected(entry.error());
        if (!*entry) return {};
        ByteReader in((*entry)->payload);
        constexpr std::uint32_t kSelfContained = 1;
        if ((read_full_box_head(in).flags & kSelfContained) == 0)
            return fail(ErrorCode::unsupported, "dref: data is in another file", (*entry)->offset);
    }
}

using EntryReader = Result<bool>(const Box& stbl, std::uint32_t extends_description, MovieTrack& track);

// Of trex: what fragments leave out (§8.8.3).
struct TrackExtends {
    std::uint32_t track_id = 0;
    std::uint32_t description = 0;
    std::uint32_t duration = 0;
    std::uint32_t size = 0;
    std::uint32_t flags = 0;
};

// nullopt if the file is not fragmented.
Result<std::optional<std::vector<TrackExtends>>> read_extends(const Box& moov) {
    const auto mvex = find_box(moov, fourcc("mvex"));
    if (!mvex) return std::unexpected(mvex.error());
    if (!*mvex) return std::nullopt;
    std::vector<TrackExtends> extends;
    BoxIterator children(**mvex);
    for (;;) {
        const auto box = children.next();
        if (!box) return std::unexpected(box.error());
        if (!*box) return extends;
        if ((*box)->type != fourcc("trex")) continue;
        ByteReader in((*box)->payload);
        in.skip(4);
        TrackExtends& trex = extends.emplace_back();
        trex.track_id = in.u32();
        trex.description = in.u32();
        trex.duration = in.u32();
        trex.size = in.u32();
        trex.flags = in.u32();
        if (!in.ok()) return fail(ErrorCode::bad_media, "trex: box is cut off", (*box)->offset);
    }
}

// What the tracks of a movie have in common.
struct MovieFacts {
    std::uint32_t timescale = 0;
    std::vector<TrackExtends> extends;
};

// nullopt: a track whose codec `read_entry` does not know.
Result<std::optional<MovieTrack>> read_track(const Box& trak, const MovieFacts& facts,
                                             EntryReader* read_entry) {
    MovieTrack track;
    const auto header = read_track_header(trak, track);
    const auto trex = std::ranges::find(facts.extends, track.id, &TrackExtends::track_id);
    if (trex != facts.extends.end()) {
        track.default_duration = trex->duration;
        track.default_size = trex->size;
        track.default_flags = trex->flags;
    }
    const auto mdia = require_box(trak, fourcc("mdia"), "trak: mdia is missing");
    if (!mdia) return std::unexpected(mdia.error());
    const auto minf = find_box(*mdia, fourcc("minf"));
    if (!minf) return std::unexpected(minf.error());
    if (!*minf) return std::nullopt;
    const auto stbl = find_box(**minf, fourcc("stbl"));
    if (!stbl) return std::unexpected(stbl.error());
    if (!*stbl) return std::nullopt;
    const auto known = read_entry(**stbl, trex == facts.extends.end() ? 0 : trex->description, track);
    if (!known) return std::unexpected(known.error());
    if (!*known) return std::nullopt;
    if (auto done = require_own_data(**minf); !done) return std::unexpected(done.error());
    if (!header) return std::unexpected(header.error());
    if (auto done = read_media_header(*mdia, track); !done) return std::unexpected(done.error());
    if (auto done = read_edit_list(trak, facts.timescale, track); !done) return std::unexpected(done.error());
    auto tables = parse_sample_tables(**stbl);
    if (!tables) return std::unexpected(tables.error());
    track.tables = *tables;
    // Sound is not reordered: offsets that differ are a writer's mistake, and nothing that players heed.
    if (track.kind == TrackKind::audio && track.tables.composition_offsets.count > 1)
        track.tables.composition_offsets = {};
    track.about = read_track_about(trak, *mdia);
    return track;
}

// A broken text track does not keep the rest from being played.
void add_text_track(const Box& trak, const MovieFacts& facts, Movie& movie) {
    constexpr std::size_t kMostTexts = 32;
    constexpr auto read_entry = [](const Box& stbl, std::uint32_t, MovieTrack& track) {
        return read_text_entry(stbl, track);
    };
    auto track = read_track(trak, facts, read_entry);
    if (!track)
        ++movie.broken_texts;
    else if (*track && movie.texts.size() < kMostTexts)
        movie.texts.push_back(std::move(**track));
}

// The tracks that another one refers to as its chapters.
void add_chapter_ids(const Box& trak, std::vector<std::uint32_t>& ids) {
    const auto tref = find_box(trak, fourcc("tref"));
    if (!tref || !*tref) return;
    const auto chap = find_box(**tref, fourcc("chap"));
    if (!chap || !*chap) return;
    ByteReader in((*chap)->payload);
    while (in.has(4))
        ids.push_back(in.u32());
}

Result<std::uint32_t> read_movie_timescale(const Box& moov) {
    const auto mvhd = require_box(moov, fourcc("mvhd"), "moov: mvhd is missing");
    if (!mvhd) return std::unexpected(mvhd.error());
    ByteReader in(mvhd->payload);
    in.skip(read_full_box_head(in).version == 1 ? 16 : 8);
    const std::uint32_t timescale = in.u32();
    if (timescale == 0) return fail(ErrorCode::bad_media, "mvhd: timescale is 0 or cut off", mvhd->offset);
    return timescale;
}

}  // namespace

Result<Movie> parse_movie(Bytes payload, std::uint64_t offset, std::uint32_t header_size) {
    const Box moov{fourcc("moov"), offset, header_size, payload};
    const auto compressed = find_box(moov, fourcc("cmov"));
    if (!compressed) return std::unexpected(compressed.error());
    if (*compressed) return fail(ErrorCode::unsupported, "cmov: moov is compressed", (*compressed)->offset);
    const auto timescale = read_movie_timescale(moov);
    if (!timescale) return std::unexpected(timescale.error());
    Movie movie;
    movie.offset = offset;
    movie.timescale = *timescale;
    MovieFacts facts{.timescale = *timescale, .extends = {}};
    auto extends = read_extends(moov);
    if (!extends) return std::unexpected(extends.error());
    movie.fragmented = extends->has_value();
    if (*extends) facts.extends = std::move(**extends);
    for (const TrackExtends& one : facts.extends)
        movie.default_sizes.push_back({one.track_id, one.size});
    std::vector<std::uint32_t> chapters;
    BoxIterator children(moov);
    for (;;) {
        const auto box = children.next();
        if (!box) return std::unexpected(box.error());
        if (!*box) break;
        if ((*box)->type != fourcc("trak")) continue;
        ++movie.track_count;
        constexpr std::size_t kMaxTracks = 64;
        if (movie.tracks.size() == kMaxTracks)
            return fail(ErrorCode::too_large, "moov: over 64 tracks", offset);
        auto track = read_track(**box, facts, read_sample_entry);
        if (!track) return std::unexpected(track.error());
        add_chapter_ids(**box, chapters);
        if (*track)
            movie.tracks.push_back(std::move(**track));
        else
            add_text_track(**box, facts, movie);
    }
    std::erase_if(movie.texts, [&](const MovieTrack& text) {
        return std::ranges::find(chapters, text.id) != chapters.end();
    });
    return movie;
}

}  // namespace mezz::media
