#include "package/title_builder.hpp"

#include <algorithm>

#include "check.hpp"
#include "cmaf_fixture.hpp"
#include "codec_entries.hpp"
#include "title_fixture.hpp"

namespace test = mezz::test;
using mezz::ErrorCode;
using mezz::media::TrackKind;
using mezz::package::PieceRange;
using mezz::package::SourceFile;
using mezz::package::TitleOptions;
using mezz::package::TrackTimeline;
using test::MadeTitle;

namespace {

test::FileSpec video_only(std::size_t frames, std::size_t gop, std::uint32_t size) {
    test::TrackSpec track = test::video_track(frames, gop);
    for (test::Frame& frame : track.frames)
        frame.size = size;
    return {.tracks = {track}};
}

test::FileSpec audio_only(const std::string& language) {
    test::TrackSpec track = test::audio_track(560, 1);
    track.language = language;
    return {.tracks = {track}};
}

// What one pass finds is what the timeline says of each segment.
bool starts_are_the_same(const TrackTimeline& line) {
    const mezz::package::SegmentStarts starts(line);
    if (starts.count() != line.segment_count()) return false;
    for (std::uint32_t n = 0; n < line.segment_count(); ++n) {
        const PieceRange pieces = line.pieces(n);
        const std::int64_t media = std::max<std::int64_t>(line.track().piece_time(pieces.first), 0);
        if (starts.empty(n) != pieces.empty() || starts.start(n) != line.start(n) ||
            starts.media_start(n) != media)
            return false;
    }
    return starts.start(starts.count()) == line.start(line.segment_count());
}

// All segments of a track, one after the other, are all its pieces from the first shown one on.
bool segments_are_complete(const TrackTimeline& line, std::uint32_t first_piece = 0) {
    if (!starts_are_the_same(line)) return false;
    std::uint32_t next = first_piece;
    for (std::uint32_t n = 0; n < line.segment_count(); ++n) {
        if (line.pieces(n).first != next || line.start(n) > line.start(n + 1)) return false;
        next = line.pieces(n).last;
    }
    return next == line.track().piece_count();
}

}  // namespace

static const char* a_film() {
    MadeTitle made;
    made.add(test::film(40, "eng"), {.name = "film.mp4", .modified = 1700000000999999999});
    made.build();
    const auto title = made.view();
    MEZZ_CHECK(title.revision() == made.revision() && title.header().modified == 1700000000);
    MEZZ_CHECK(made.names() == "36p audio-eng " && title.has_video() && title.segment_count() == 3);
    MEZZ_CHECK(
        std::ranges::equal(title.boundaries(), std::vector<std::int64_t>{0, 540000, 1080000, 1170286}));
    MEZZ_CHECK(title.file_name(title.files()[0]) == "film.mp4" &&
               title.files()[0].size == made.file(0).size());
    const auto& video = made.rendition("36p");
    MEZZ_CHECK(video.kind == TrackKind::video && video.width == 64 && video.height == 36 &&
               !video.is_default);
    MEZZ_CHECK(video.frame_rate_milli == 25000 &&
               std::string_view(video.codec_string.data()) == "avc1.42c01e");
    const auto& audio = made.rendition("audio-eng");
    MEZZ_CHECK(audio.channels == 2 && audio.sample_rate == 44100 && audio.is_default &&
               &audio == title.default_audio());
    MEZZ_CHECK(std::string_view(audio.language.data()) == "en" && title.find("720p") == nullptr &&
               title.find("") == nullptr);
    MEZZ_CHECK(segments_are_complete(made.line("36p")) && segments_are_complete(made.line("audio-eng")));
    MEZZ_CHECK(made.line("36p").start(1) == 540000 && made.line("36p").start(3) == 1170000);
    return test::kFine;
}

static const char* video_by_rising_rate_then_audio() {
    MadeTitle made;
    made.add(video_only(250, 50, 900), {.rendition = "high"});
    made.add(audio_only("deu"), {.rendition = "german"});
    made.add(video_only(250, 50, 100), {.rendition = "low"});
    made.add(audio_only("eng"),
             {.rendition = "english", .language = "en", .label = "English", .is_default = true});
    made.build();
    MEZZ_CHECK(made.names() == "low high german english ");
    MEZZ_CHECK(!made.rendition("german").is_default && made.rendition("english").is_default);
    MEZZ_CHECK(std::string_view(made.rendition("english").language.data()) == "en");
    MEZZ_CHECK(std::string_view(made.rendition("english").label.data()) == "English");
    MEZZ_CHECK(std::string_view(made.rendition("german").language.data()) == "de");
    MEZZ_CHECK(made.rendition("low").cmaf.average < made.rendition("high").cmaf.average);
    return test::kFine;
}

static const char* the_first_audio_is_the_default() {
    MadeTitle made;
    made.add(audio_only("deu"), {.rendition = "a"});
    made.add(audio_only("eng"), {.rendition = "b"});
    made.build();
    MEZZ_CHECK(made.rendition("a").is_default && !made.rendition("b").is_default && !made.view().has_video());
    return test::kFine;
}

// A rendition's name denotes one file.
static const char* names_are_unique() {
    MadeTitle made;
    made.add(test::film(400), {.name = "b.mp4"});
    made.add(test::film(40, "eng"), {.name = "a.mp4"});
    made.add(test::film(90, "eng"), {.rendition = "36p-2"});
    made.add(audio_only("eng"), {.rendition = "audio-eng"});
    made.build();
    std::vector<std::string> names;
    for (const auto& r : made.view().renditions())
        names.emplace_back(r.name.data());
    std::ranges::sort(names);
    MEZZ_CHECK(std::ranges::adjacent_find(names) == names.end());
    MEZZ_CHECK(made.rendition("36p-2").file == 2 && made.rendition("audio-eng").file == 3);
    MEZZ_CHECK(std::ranges::count(names, "36p") == 1 && std::ranges::count(names, "36p-3") == 1);
    return test::kFine;
}

static const char* the_same_audio_is_taken_once() {
    MadeTitle made;
    made.add(test::film(40, "eng"));
    made.add(test::film(400, "eng"));
    made.add(test::film(4000, "deu"));
    made.build();
    MEZZ_CHECK(made.names() == "36p 36p-2 36p-3 audio-eng audio-deu ");
    return test::kFine;
}

static const char* unaligned_renditions_are_left_out() {
    MadeTitle made;
    made.add(video_only(1500, 50, 100), {.rendition = "a"});
    made.add(video_only(1500, 50, 200), {.rendition = "same"});
    made.add(video_only(1500, 47, 300), {.rendition = "other"});
    made.add(video_only(1500, 100, 400), {.rendition = "half"});  // each second one in common
    made.build();
    MEZZ_CHECK(made.names() == "a same half " && made.view().header().unaligned == 1);
    MEZZ_CHECK(made.view().boundaries()[1] ==
               4 * 90000);  // common points are 4 s apart: 4 is nearer to 6 than 8
    for (const char* name : {"a", "same", "half"})
        MEZZ_CHECK(segments_are_complete(made.line(name)));
    return test::kFine;
}

// Segments begin with closed groups of pictures where there are enough of them.
static const char* closed_groups_are_preferred() {
    const auto made_with = [](const std::vector<std::size_t>& open) {
        MadeTitle made;
        made.add(test::FileSpec{.tracks = {test::open_track(300, 25, open)}});
        made.build({2000});
        return made;
    };
    const MadeTitle some = made_with({2, 6, 10});  // at 2, 6 and 10 of 12 s
    MEZZ_CHECK(some.view().header().independent == 1 && segments_are_complete(some.line("36p")));
    for (const std::int64_t boundary : some.view().boundaries())
        MEZZ_CHECK(boundary != 2 * 90000 && boundary != 6 * 90000 && boundary != 10 * 90000);
    const MadeTitle all = made_with({1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11});
    MEZZ_CHECK(all.view().header().independent == 0 && all.view().segment_count() == 6);
    return test::kFine;
}

static const char* sound_that_goes_on() {
    for (const std::size_t frames : {603U, 1292U}) {  // 14 s, 30 s; of pictures 10 s
        MadeTitle made;
        made.add(test::FileSpec{.tracks = {test::video_track(250, 50), test::audio_track(frames)}});
        made.build();
        const auto title = made.view();
        for (std::uint32_t n = 0; n < title.segment_count(); ++n)
            MEZZ_CHECK(title.boundaries()[n + 1] - title.boundaries()[n] <= 585000);
        MEZZ_CHECK(segments_are_complete(made.line("36p")) && segments_are_complete(made.line("audio-und")));
        const bool muxed = frames == 603;
        MEZZ_CHECK((title.muxed_audio() != nullptr) == muxed);
        MEZZ_CHECK(made.rendition("36p").ts_end == (muxed ? title.boundaries().back() : 900000) &&
                   made.rendition("36p").ts.average > 0);
    }
    return test::kFine;
}

static const char* several_sounds_are_beside_the_pictures() {
    MadeTitle made;
    made.add(test::film(40, "eng"), {.rendition = "v"});
    made.build();
    MEZZ_CHECK(made.view().muxed_audio() == &made.rendition("audio-eng"));
    const auto with_sound = made.rendition("v").ts.average;
    made.add(audio_only("deu"));
    made.build();
    MEZZ_CHECK(made.view().muxed_audio() == nullptr);
    MEZZ_CHECK(made.rendition("v").ts.average + made.rendition("audio-eng").ts.average / 2 < with_sound);
    return test::kFine;
}

static const char* turned_pictures() {
    test::TrackSpec video = test::video_track(50, 25);
    video.entry = test::avc_entry(test::box("pasp", test::Fields().u32(2).u32(1)));
    const std::uint32_t minus = 0xFFFF0000;
    for (const bool turned : {false, true}) {
        if (turned) video.matrix = {0, 0x10000, 0, minus, 0, 0, 36U << 16, 0, 0x40000000};
        MadeTitle made;
        made.add(test::FileSpec{.tracks = {video}}, {.rendition = "v"});
        made.build();
        const auto& rendition = made.rendition("v");
        MEZZ_CHECK(rendition.turned == turned && rendition.width == (turned ? 36 : 128) &&
                   rendition.height == (turned ? 128 : 36));
    }
    return test::kFine;
}

static const char* late_and_short_audio() {
    test::FileSpec spec = test::film();
    spec.tracks[1].frames.resize(200);            // 4.6 s
    spec.tracks[1].edits = {{6500, -1}, {0, 0}};  // from 6.5 s on
    spec.tracks[1].entry = test::dependent_entry();
    MadeTitle made;
    made.add(spec);
    made.build({2000});
    const TrackTimeline line = made.line("audio-und");
    MEZZ_CHECK(line.segment_count() == 7 && segments_are_complete(line));
    for (const std::uint32_t n : {0U, 1U, 2U, 6U})
        MEZZ_CHECK(line.pieces(n).empty());
    MEZZ_CHECK(!line.pieces(3).empty() && line.start(3) == 286650 && line.start(7) == 286650 + 200 * 1024);
    return test::kFine;
}

// Of what an edit list hides, only the piece that it falls into is sent.
static const char* hidden_pieces_are_not_sent() {
    const std::vector<std::uint32_t> seconds(20, 90000);
    const auto made_with = [&](std::int64_t media_time) {
        MadeTitle made;
        made.add(test::sidx_file(seconds, {{0, media_time}}));
        made.build({2000});
        return made;
    };
    const MadeTitle middle = made_with(225000);
    const TrackTimeline line = middle.line("36p");
    MEZZ_CHECK(line.pieces(0).first == 2 && line.track().piece_time(2) == -45000 && line.start(0) == 0);
    MEZZ_CHECK(segments_are_complete(line, 2) && middle.view().boundaries().back() == 20 * 90000 - 225000);
    const MadeTitle late = made_with(171000);  // time 0 is nearer to the third piece, and in the second
    MEZZ_CHECK(late.line("36p").pieces(0).first == 1 && late.line("36p").track().piece_time(2) == 9000);
    const MadeTitle none = made_with(90000 * 100);
    MEZZ_CHECK(none.view().segment_count() == 1 && none.line("36p").pieces(0).empty() &&
               none.line("36p").start(1) == 0);
    return test::kFine;
}

static const char* revisions_tell_titles_apart() {
    MadeTitle made;
    made.add(audio_only("eng"), {.name = "a.mp4", .modified = 5, .rendition = "a"});
    made.add(audio_only("eng"), {.name = "b.mp4", .modified = 6, .rendition = "b"});
    const std::string first = made.revision();
    MEZZ_CHECK(first.size() == 16 && first.find_first_not_of("0123456789abcdef") == std::string::npos);
    MEZZ_CHECK(made.revision() == first && made.revision("1") != first &&
               made.revision("2") != made.revision("1"));
    const auto changed_by = [&](auto change) {
        const std::vector<SourceFile> before = made.sources();
        change(made.sources());
        const bool differs = made.revision() != first;
        made.sources() = before;
        return differs;
    };
    MEZZ_CHECK(changed_by([](auto& s) { ++s[0].size; }) && changed_by([](auto& s) { ++s[1].modified; }));
    MEZZ_CHECK(changed_by([](auto& s) { s[0].name = "c.mp4"; }) && changed_by([](auto& s) { s.pop_back(); }));
    MEZZ_CHECK(changed_by([](auto& s) { s[0].label = "x"; }) &&
               changed_by([](auto& s) { s[0].language = "x"; }));
    MEZZ_CHECK(changed_by([](auto& s) { s[0].is_default = true; }));
    // Two names exchanged: a URL of the old revision must not mean the other file.
    MEZZ_CHECK(changed_by([](auto& s) { std::swap(s[0].rendition, s[1].rendition); }));
    const auto with = [&](std::vector<std::uint32_t> ms) {
        return mezz::package::make_revision(made.sources(), TitleOptions{std::move(ms)}, "");
    };
    MEZZ_CHECK(with({6000}) == first && with({2000}) != first && with({2000, 6000}) != with({2000}));
    return test::kFine;
}

static const char* long_texts_end_between_characters() {
    std::string label = "x";
    for (int i = 0; i < 40; ++i)
        label += "é";
    MadeTitle made;
    made.add(audio_only("eng"), {.label = label});
    made.build();
    MEZZ_CHECK(std::string_view(made.view().renditions()[0].label.data()) == label.substr(0, 63));
    MadeTitle odd;
    odd.add(audio_only("eng"), {.label = label.substr(1)});
    odd.build();
    MEZZ_CHECK(std::string_view(odd.view().renditions()[0].label.data()) == label.substr(1, 62));
    return test::kFine;
}

static const char* no_file_no_title() {
    const auto title = mezz::package::build_title({}, TitleOptions{{6000}}, "r");
    MEZZ_CHECK(test::refused(title, ErrorCode::unsupported, "title: no rendition"));
    return test::kFine;
}

static const char* no_title_lasts_for_ages() {
    test::TrackSpec track = test::video_track(8, 1);
    track.timescale = 1;
    for (test::Frame& frame : track.frames)
        frame.duration = 1U << 31;
    MadeTitle made;
    made.add({.tracks = {track}});
    MEZZ_CHECK(made.refused() == "title: a track ends later than 2^33 seconds");
    return test::kFine;
}

int main() {
    const CMUnitTest tests[] = {MEZZ_CHECKED(a_film),
                                MEZZ_CHECKED(video_by_rising_rate_then_audio),
                                MEZZ_CHECKED(the_first_audio_is_the_default),
                                MEZZ_CHECKED(names_are_unique),
                                MEZZ_CHECKED(the_same_audio_is_taken_once),
                                MEZZ_CHECKED(unaligned_renditions_are_left_out),
                                MEZZ_CHECKED(closed_groups_are_preferred),
                                MEZZ_CHECKED(sound_that_goes_on),
                                MEZZ_CHECKED(several_sounds_are_beside_the_pictures),
                                MEZZ_CHECKED(turned_pictures),
                                MEZZ_CHECKED(late_and_short_audio),
                                MEZZ_CHECKED(hidden_pieces_are_not_sent),
                                MEZZ_CHECKED(revisions_tell_titles_apart),
                                MEZZ_CHECKED(long_texts_end_between_characters),
                                MEZZ_CHECKED(no_file_no_title),
                                MEZZ_CHECKED(no_title_lasts_for_ages)};
    return cmocka_run_group_tests_name("title", tests, nullptr, nullptr);
}
