#include "media/movie.hpp"

#include <algorithm>

#include "check.hpp"
#include "mp4_driver.hpp"
#include "mp4_fixture.hpp"

namespace test = mezz::test;
using mezz::Bytes;
using mezz::ErrorCode;
using mezz::Result;
using mezz::media::Movie;
using mezz::media::TrackKind;
using test::Buffer;
using test::Fields;
using test::FileSpec;
using test::refused;
using test::TrackSpec;

namespace {

// A movie that keeps the bytes it points into.
struct Parsed {
    Buffer bytes;
    Result<Movie> movie;
};

Parsed parse(const FileSpec& spec) {
    const test::Mp4File file = test::make_mp4(spec);
    Parsed out{test::range_of(file.bytes, {file.moov_offset + 8, file.moov_size - 8}), Movie{}};
    out.movie = mezz::media::parse_movie(out.bytes, file.moov_offset, 8);
    return out;
}

Parsed parse(const TrackSpec& track) {
    return parse(FileSpec{.tracks = {track}});
}

TrackSpec with_edits(std::vector<test::Edit> edits, bool wide = false) {
    TrackSpec track = test::video_track(10, 5);
    track.edits = std::move(edits);
    track.wide_times = wide;
    return track;
}

}  // namespace

static const char* reads_tracks() {
    TrackSpec video = test::video_track(10, 5);
    video.entry =
        test::avc_entry(test::join({test::box("pasp", Fields().u32(4).u32(3)),
                                    test::box("colr", Fields().text("nclx").u16(1).u16(1).u16(1).u8(0))}));
    TrackSpec audio = test::audio_track(12, 7);
    audio.language = "deu";
    audio.wide_times = true;
    const Parsed parsed = parse(FileSpec{.tracks = {video, audio}, .movie_timescale = 600});
    MEZZ_CHECK(parsed.movie && parsed.movie->tracks.size() == 2 && parsed.movie->timescale == 600);
    MEZZ_CHECK(!parsed.movie->fragmented && parsed.movie->track_count == 2);
    const auto& v = parsed.movie->tracks[0];
    MEZZ_CHECK(v.kind == TrackKind::video && v.id == 1 && v.timescale == 90000 && v.width == 64 &&
               v.height == 36);
    MEZZ_CHECK(v.pixel_aspect_h == 4 && v.pixel_aspect_v == 3 && v.details.color.boxed &&
               v.matrix[32] == std::byte{0x40});
    MEZZ_CHECK(std::ranges::equal(v.config, test::avc_config()) &&
               std::string_view(v.language.data()) == "und");
    MEZZ_CHECK(v.tables.format.sample_count == 10 && !v.tables.format.all_sync &&
               v.tables.sync_samples.count == 2);
    const auto& a = parsed.movie->tracks[1];
    MEZZ_CHECK(a.kind == TrackKind::audio && a.id == 7 && a.timescale == 44100 && a.tables.format.all_sync);
    MEZZ_CHECK(std::ranges::equal(a.config, test::lc_config()) &&
               std::string_view(a.language.data()) == "deu");
    return test::kFine;
}

static const char* odd_languages_are_unknown() {
    for (const char* text : {"```", "a`z", "{{{"}) {
        TrackSpec track = test::audio_track(3);
        track.language = text;
        const Parsed parsed = parse(track);
        MEZZ_CHECK(parsed.movie && std::string_view(parsed.movie->tracks[0].language.data()) == "und");
    }
    return test::kFine;
}

static const char* edit_lists_move_the_start() {
    const auto plain = parse(with_edits({}));
    MEZZ_CHECK(plain.movie && plain.movie->tracks[0].edit_shift == 0);
    for (const bool wide : {false, true}) {
        const auto skip = parse(with_edits({{1000, 7200}}, wide));
        MEZZ_CHECK(skip.movie && skip.movie->tracks[0].edit_shift == -7200);
        const auto late = parse(with_edits({{1000, -1}, {500, -1}, {1000, 3600}, {5, 9}}, wide));
        MEZZ_CHECK(late.movie && late.movie->tracks[0].edit_shift == 135000 - 3600);
    }
    const auto unknown_duration = parse(with_edits({{UINT64_MAX, 1024}}, true));
    MEZZ_CHECK(unknown_duration.movie && unknown_duration.movie->tracks[0].edit_shift == -1024);
    return test::kFine;
}

static const char* refuses_impossible_edits() {
    MEZZ_CHECK(
        refused(parse(with_edits({{1, -2}})).movie, ErrorCode::bad_media, "elst: media time is negative"));
    MEZZ_CHECK(refused(parse(with_edits({{1, INT64_MIN}}, true)).movie, ErrorCode::bad_media, "elst: media"));
    MEZZ_CHECK(refused(parse(with_edits({{1, INT64_MAX}}, true)).movie, ErrorCode::bad_media, "elst: time"));
    MEZZ_CHECK(
        refused(parse(with_edits({{UINT64_MAX, -1}}, true)).movie, ErrorCode::bad_media, "elst: time"));
    // Each is possible, their sum would overflow.
    TrackSpec sum = with_edits(std::vector<test::Edit>(70000, {std::uint64_t{1} << 47, -1}), true);
    MEZZ_CHECK(refused(parse(sum).movie, ErrorCode::bad_media, "elst: time"));
    TrackSpec fast = with_edits({{std::uint64_t{1} << 48, -1}, {1, 0}}, true);
    fast.timescale = UINT32_MAX;
    MEZZ_CHECK(
        refused(parse(FileSpec{.tracks = {fast}, .movie_timescale = 1}).movie, ErrorCode::bad_media, "elst"));
    return test::kFine;
}

static const char* quicktime_sound_entries() {
    const Buffer esds = test::box("esds", test::es_descriptor(test::lc_config()));
    const Buffer wave = test::box(
        "wave", test::join({test::box("frma", Fields().text("mp4a")), esds, Fields().u32(8).u32(0)}));
    for (const unsigned version : {1U, 2U}) {
        for (const Buffer& children : {esds, wave}) {
            TrackSpec track = test::audio_track(5);
            track.entry = test::box(
                "mp4a", Fields().zeros(6).u16(1).u16(version).zeros(version == 1 ? 34 : 54).add(children));
            const Parsed parsed = parse(track);
            MEZZ_CHECK(parsed.movie && parsed.movie->tracks.size() == 1);
            MEZZ_CHECK(std::ranges::equal(parsed.movie->tracks[0].config, test::lc_config()));
        }
    }
    return test::kFine;
}

static const char* leaves_other_codecs_out() {
    TrackSpec other = test::video_track(4, 2);
    other.entry = test::box("dvh1", Fields().zeros(100));
    TrackSpec dts = test::audio_track(4);
    dts.entry = test::box("mp4a", Fields().zeros(28).add(test::box("esds", test::es_descriptor({}, 0xA9))));
    const Parsed parsed = parse(FileSpec{.tracks = {other, test::video_track(4, 2), dts}});
    MEZZ_CHECK(parsed.movie && parsed.movie->tracks.size() == 1 && parsed.movie->track_count == 3);
    TrackSpec no_avcc = test::video_track(4, 2);
    no_avcc.entry = test::box("avc1", Fields().zeros(78));
    MEZZ_CHECK(refused(parse(no_avcc).movie, ErrorCode::bad_media, "avc1: avcC is missing"));
    no_avcc.entry = test::box("avc1", Fields().zeros(77));
    MEZZ_CHECK(refused(parse(no_avcc).movie, ErrorCode::bad_media, "avc1: sample entry is cut off"));
    return test::kFine;
}

// Which entry of stsd counts is what the samples say, by stsc or by trex.
static const char* several_descriptions() {
    const Buffer wide = test::avc_entry(test::box("pasp", Fields().u32(2).u32(1)));
    const auto of = [](std::initializer_list<Bytes> entries, std::vector<std::uint32_t> used) {
        TrackSpec track = test::video_track(20, 5);
        track.entry = test::join(entries);
        track.descriptions = std::move(used);
        return parse(track);
    };
    const Buffer usual = test::avc_entry();
    const Buffer unknown = test::box("mp4v", Fields().zeros(78));
    const Parsed equal = of({usual, usual}, {1, 2});
    MEZZ_CHECK(equal.movie && equal.movie->tracks.size() == 1 && equal.movie->tracks[0].description == 0);
    const Parsed second = of({usual, wide}, {2});
    MEZZ_CHECK(second.movie && second.movie->tracks[0].pixel_aspect_h == 2 &&
               second.movie->tracks[0].description == 2);
    MEZZ_CHECK(of({unknown, usual}, {2}).movie->tracks.size() == 1);
    MEZZ_CHECK(of({unknown, usual}, {1}).movie->tracks.empty());
    for (const Buffer& other : {wide, unknown})
        MEZZ_CHECK(refused(of({usual, other}, {1, 2}).movie, ErrorCode::unsupported,
                           "stsd: samples of several descriptions"));
    TrackSpec track = test::video_track(0, 5);
    track.entry = test::join({usual, wide});
    const Buffer trex = test::full_box("trex", 0, 0, Fields().u32(1).u32(2).u32(0).u32(0).u32(0));
    const Parsed fragmented = parse(FileSpec{.tracks = {track}, .extends = test::box("mvex", trex)});
    MEZZ_CHECK(fragmented.movie && fragmented.movie->tracks[0].description == 2 &&
               fragmented.movie->tracks[0].pixel_aspect_h == 2);
    return test::kFine;
}

static const char* refuses_data_elsewhere() {
    TrackSpec track = test::video_track(4, 2);
    track.dref_entry = test::full_box("url ", 0, 0, Fields().text("file:///etc/passwd").u8(0));
    const Parsed parsed = parse(track);
    MEZZ_CHECK(refused(parsed.movie, ErrorCode::unsupported, "dref: data is in another file"));
    MEZZ_CHECK(parsed.movie.error().offset > 24);
    return test::kFine;
}

static const char* refuses_compressed_movies() {
    const Buffer cmov = test::box("cmov", test::box("dcom", Fields().text("zlib")));
    MEZZ_CHECK(
        refused(mezz::media::parse_movie(cmov, 32, 8), ErrorCode::unsupported, "cmov: moov is compressed"));
    return test::kFine;
}

static const char* reads_wide_movie_headers() {
    const Parsed parsed =
        parse(FileSpec{.tracks = {test::video_track(4, 2)}, .movie_timescale = 48000, .wide_movie = true});
    MEZZ_CHECK(parsed.movie && parsed.movie->timescale == 48000);
    return test::kFine;
}

static const char* refuses_timescales_of_0() {
    TrackSpec track = test::video_track(4, 2);
    track.timescale = 0;
    MEZZ_CHECK(refused(parse(track).movie, ErrorCode::bad_media, "mdhd: timescale is 0"));
    const auto movie = parse(FileSpec{.tracks = {test::video_track(4, 2)}, .movie_timescale = 0});
    MEZZ_CHECK(refused(movie.movie, ErrorCode::bad_media, "mvhd: timescale is 0"));
    return test::kFine;
}

static const char* reads_track_extends() {
    const Buffer trex = test::full_box("trex", 0, 0, Fields().u32(2).u32(1).u32(1024).u32(9).u32(0x2000000));
    const Parsed parsed = parse(FileSpec{.tracks = {test::video_track(0, 2), test::audio_track(0)},
                                         .extends = test::box("mvex", trex)});
    MEZZ_CHECK(parsed.movie && parsed.movie->fragmented);
    MEZZ_CHECK(parsed.movie->tracks[0].default_duration == 0 &&
               parsed.movie->tracks[1].default_duration == 1024);
    MEZZ_CHECK(parsed.movie->tracks[1].default_size == 9 &&
               parsed.movie->tracks[1].default_flags == 0x2000000);
    const auto cut = parse(FileSpec{.tracks = {test::audio_track(0)},
                                    .extends = test::box("mvex", test::box("trex", Fields().zeros(20)))});
    MEZZ_CHECK(refused(cut.movie, ErrorCode::bad_media, "trex: box is cut off"));
    return test::kFine;
}

// Any cut through moov is refused or read, never read past.
static const char* survives_every_truncation() {
    const Parsed whole = parse(FileSpec{.tracks = {with_edits({{1000, 7200}}), test::audio_track(12)}});
    std::size_t read = 0;
    for (std::size_t n = 0; n < whole.bytes.size(); ++n) {
        const Buffer part(whole.bytes.begin(), whole.bytes.begin() + static_cast<std::ptrdiff_t>(n));
        read += mezz::media::parse_movie(part, 32, 8).has_value() ? 1 : 0;
    }
    MEZZ_CHECK(whole.movie && read < 200);
    return test::kFine;
}

int main() {
    const CMUnitTest tests[] = {MEZZ_CHECKED(reads_tracks),
                                MEZZ_CHECKED(odd_languages_are_unknown),
                                MEZZ_CHECKED(edit_lists_move_the_start),
                                MEZZ_CHECKED(refuses_impossible_edits),
                                MEZZ_CHECKED(quicktime_sound_entries),
                                MEZZ_CHECKED(leaves_other_codecs_out),
                                MEZZ_CHECKED(several_descriptions),
                                MEZZ_CHECKED(refuses_data_elsewhere),
                                MEZZ_CHECKED(refuses_compressed_movies),
                                MEZZ_CHECKED(reads_wide_movie_headers),
                                MEZZ_CHECKED(refuses_timescales_of_0),
                                MEZZ_CHECKED(reads_track_extends),
                                MEZZ_CHECKED(survives_every_truncation)};
    return cmocka_run_group_tests_name("movie", tests, nullptr, nullptr);
}
