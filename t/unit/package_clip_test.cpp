#include "package/clip.hpp"

#include "check.hpp"
#include "hls_reader.hpp"
#include "package/iframes.hpp"
#include "package/playlist.hpp"
#include "package/text_segments.hpp"
#include "title_fixture.hpp"
#include "xml_reader.hpp"

namespace test = mezz::test;
using mezz::package::Clip;
using mezz::package::Format;
using mezz::package::place_clip;
using mezz::package::with_clip;
using test::MadeTitle;
using test::Playlist;
using test::PlaylistReader;

namespace {

constexpr std::int64_t kSecond = 1000000;

// 13 s in segments of 6 s, a key frame each 2 s.
MadeTitle film() {
    MadeTitle made;
    made.add(test::film(40, "eng"));
    made.add_text(
        "WEBVTT\n\n00:01.000 --> 00:03.000\nA\n\n00:05.000 --> 00:08.000\nB\n\n"
        "00:10.000 --> 00:12.000\nC\n",
        {.name = "s.vtt", .track = "subs-eng"});
    made.build();
    return made;
}

std::optional<Clip> clip(const MadeTitle& made, double from, double to) {
    return place_clip(made.view(),
                      {static_cast<std::int64_t>(from * kSecond), static_cast<std::int64_t>(to * kSecond)})
        .value();
}

Playlist media_playlist(const MadeTitle& made, std::string_view name, const std::optional<Clip>& part,
                        bool iframes = false) {
    std::string text;
    const mezz::package::MediaPlaylist playlist{.title = made.view(),
                                                .rendition = made.rendition(name),
                                                .line = made.line(name),
                                                .format = Format::cmaf,
                                                .uri_prefix = "",
                                                .query = "?token=t",
                                                .clip = part};
    iframes ? write_iframe_playlist(playlist, text) : write_media_playlist(playlist, text);
    return PlaylistReader::read(text);
}

bool covers(const std::optional<Clip>& part, std::uint32_t first, std::uint32_t last, double lead) {
    return part && part->first == first && part->last == last &&
           part->lead == static_cast<std::int64_t>(lead * kSecond);
}

}  // namespace

static const char* segments_of_a_part() {
    const MadeTitle made = film();
    MEZZ_CHECK(!place_clip(made.view(), {}).value());
    MEZZ_CHECK(covers(clip(made, 0, 6), 0, 1, 0) && covers(clip(made, 0, 6.001), 0, 2, 0));
    MEZZ_CHECK(covers(clip(made, 5.999, 6), 0, 1, 5.999) && covers(clip(made, 6, 12), 1, 2, 0));
    MEZZ_CHECK(covers(clip(made, 7.5, 12.5), 1, 3, 1.5) && covers(clip(made, 12.5, 99), 2, 3, 0.5));
    const auto open = place_clip(made.view(), {.from = 7 * kSecond, .to = std::nullopt}).value();
    MEZZ_CHECK(covers(open, 1, 3, 1) && open->to == clip(made, 0, 99)->to && open->to < 14 * kSecond);
    const auto start = place_clip(made.view(), {.from = std::nullopt, .to = 7 * kSecond}).value();
    MEZZ_CHECK(covers(start, 0, 2, 0) && start->from == 0 && start->duration() == 7 * kSecond);
    const auto after = place_clip(made.view(), {.from = 14 * kSecond, .to = std::nullopt});
    MEZZ_CHECK(test::refused(after, mezz::ErrorCode::not_found, "query"));
    return test::kFine;
}

static const char* queries_are_carried() {
    const MadeTitle made = film();
    MEZZ_CHECK(with_clip("?token=t", std::nullopt) == "?token=t" && with_clip("", std::nullopt).empty());
    MEZZ_CHECK(with_clip("?token=t", clip(made, 1.5, 10)) == "?token=t&from=1.5&to=10");
    MEZZ_CHECK(with_clip("", place_clip(made.view(), {.from = 1, .to = {}}).value()) == "?from=0.000001");
    MEZZ_CHECK(with_clip("", place_clip(made.view(), {.from = {}, .to = 99 * kSecond}).value()) == "?to=99");
    std::string text;
    write_multivariant_playlist(made.view(), Format::cmaf, "?token=t", text, clip(made, 7.5, 9));
    const Playlist playlist = PlaylistReader::read(text);
    MEZZ_CHECK(playlist.start == 1500000 && playlist.media.size() == 2 && playlist.iframes.size() == 1);
    for (const auto& entry : playlist.media)
        MEZZ_CHECK(entry.attributes.at("URI").ends_with(".m3u8?token=t&from=7.5&to=9"));
    MEZZ_CHECK(playlist.variants[0].uri.ends_with("36p.m3u8?token=t&from=7.5&to=9") &&
               playlist.iframes[0].attributes.at("URI").ends_with("36p_iframes.m3u8?token=t&from=7.5&to=9"));
    return test::kFine;
}

static const char* playlists_list_the_part() {
    const MadeTitle made = film();
    for (const char* name : {"36p", "audio-eng"}) {
        const Playlist whole = media_playlist(made, name, std::nullopt);
        const Playlist part = media_playlist(made, name, clip(made, 7.5, 12.5));
        MEZZ_CHECK(part.sequence == 1 && part.start == 1500000 && part.target == whole.target);
        MEZZ_CHECK(part.map == whole.map && part.segments.size() == 2);
        MEZZ_CHECK(part.segments[0].uri == whole.segments[1].uri &&
                   part.segments[1].uri == whole.segments[2].uri);
        MEZZ_CHECK(part.segments[1].micros == whole.segments[2].micros);
        const Playlist first = media_playlist(made, name, clip(made, 0, 1));
        MEZZ_CHECK(first.sequence == 0 && !first.start && first.segments.size() == 1);
    }
    const Playlist keys = media_playlist(made, "36p", clip(made, 7.5, 11), true);
    MEZZ_CHECK(keys.sequence == 3 && keys.segments.size() == 3 && keys.iframes_only);
    MEZZ_CHECK(keys.segments[0].uri == "36p_iframe_3.m4s?token=t" && keys.segments[2].micros == 2000000);
    MEZZ_CHECK(media_playlist(made, "36p", clip(made, 12, 13), true).segments.size() == 1);
    std::string text;
    write_text_playlist(made.view(), made.view().texts()[0], "", "", text, clip(made, 7.5, 8));
    const Playlist texts = PlaylistReader::read(text);
    MEZZ_CHECK(texts.sequence == 1 && texts.start == 1500000 && texts.segments.size() == 1);
    MEZZ_CHECK(texts.segments[0].uri == "subs-eng_1.vtt");
    return test::kFine;
}

// Behind the last frame of sound, which ends early, there is only the picture.
static const char* tracks_that_have_nothing() {
    MadeTitle made;
    test::FileSpec spec = test::film();
    spec.tracks[1].frames.resize(200);
    made.add(spec);
    made.build();
    MEZZ_CHECK(has_media(made.line("36p"), clip(made, 12, 13)));
    MEZZ_CHECK(!has_media(made.line("audio-und"), clip(made, 12, 13)));
    MEZZ_CHECK(has_media(made.line("audio-und"), clip(made, 1, 13)) &&
               has_media(made.line("audio-und"), std::nullopt));
    return test::kFine;
}

static const char* manifests_begin_with_a_key_frame() {
    const MadeTitle made = film();
    const auto tracks = made.tracks();
    std::string text;
    write_manifest(made.view(), tracks, "?token=t", text, clip(made, 8.5, 12.25));
    const test::Element mpd = test::XmlReader::read(text);
    MEZZ_CHECK(mpd.at("mediaPresentationDuration") == "PT4.250000S");
    const auto sets = mpd.one("Period").all("AdaptationSet");
    MEZZ_CHECK(sets.size() == 4);
    for (const std::size_t i : {0U, 1U}) {
        const auto& segments = sets[i]->one("Representation").one("SegmentTemplate");
        MEZZ_CHECK(segments.number("startNumber") == 1);
        MEZZ_CHECK(segments.number("presentationTimeOffset") == 8 * segments.number("timescale"));
        const auto& first = *segments.one("SegmentTimeline").all("S")[0];
        const auto line = made.line(i == 0 ? "36p" : "audio-eng");
        MEZZ_CHECK(first.number("t") == line.start(1));
        MEZZ_CHECK(segments.at("media").ends_with("_$Number$.m4s?token=t"));
    }
    MEZZ_CHECK(
        sets[2]->one("Representation").one("BaseURL").text.ends_with("subs-eng.vtt?token=t&from=8&to=12.25"));
    const auto& trick = sets[3]->one("Representation").one("SegmentTemplate");
    MEZZ_CHECK(trick.number("startNumber") == 3 && trick.number("presentationTimeOffset") == 8 * 90000);
    // Sound alone begins anywhere.
    const Clip sound = from_key_frame(*clip(made, 8.5, 9), std::span(tracks).subspan(1));
    MEZZ_CHECK(sound.from == 8500000 && from_key_frame(*clip(made, 8, 9), tracks).from == 8 * kSecond);
    return test::kFine;
}

// Never after the key frame, which would be cut off.
static const char* key_frames_between_microseconds() {
    for (const std::uint32_t timescale : {30000U, 90000U, 10000000U, 3U * 12800}) {
        MadeTitle made;
        const std::uint32_t frame = timescale / 30000 * 1001 + 1;
        made.add(test::FileSpec{.tracks = {test::video_track(600, 50, frame, timescale)}});
        made.build({2000});
        const auto tracks = made.tracks();
        for (const double from : {0.0, 1.7, 3.4, 5.2, 9.9}) {
            const Clip part = from_key_frame(*clip(made, from, from + 1), tracks);
            const auto offset = static_cast<std::int64_t>(clip_offset(part, timescale));
            const std::uint32_t piece = tracks[0].nearest_piece(offset);
            const std::int64_t late = tracks[0].piece_time(piece) - offset;
            MEZZ_CHECK(late >= 0 && late <= timescale / 1000000 + 1);
            MEZZ_CHECK(part.from <= clip(made, from, from + 1)->from);
        }
    }
    return test::kFine;
}

static const char* texts_on_the_clock_of_the_part() {
    const MadeTitle made = film();
    MadeTitle other = film();
    std::string out;
    write_text_file(other.texts()[0].index, out, clip(made, 2, 10.5));
    MEZZ_CHECK(out ==
               "WEBVTT\n\n00:00:00.000 --> 00:00:01.000\nA\n\n00:00:03.000 --> 00:00:06.000\nB\n"
               "\n00:00:08.000 --> 00:00:08.500\nC\n");
    out.clear();
    write_text_file(other.texts()[0].index, out, clip(made, 3, 5));
    MEZZ_CHECK(out == "WEBVTT\n");
    return test::kFine;
}

int main() {
    const CMUnitTest tests[] = {
        MEZZ_CHECKED(segments_of_a_part),
        MEZZ_CHECKED(queries_are_carried),
        MEZZ_CHECKED(playlists_list_the_part),
        MEZZ_CHECKED(tracks_that_have_nothing),
        MEZZ_CHECKED(manifests_begin_with_a_key_frame),
        MEZZ_CHECKED(key_frames_between_microseconds),
        MEZZ_CHECKED(texts_on_the_clock_of_the_part),
    };
    return cmocka_run_group_tests_name("clip", tests, nullptr, nullptr);
}
