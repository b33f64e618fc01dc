#include <algorithm>
#include <numeric>

#include "check.hpp"
#include "codec_entries.hpp"
#include "hls_reader.hpp"
#include "package/playlist.hpp"
#include "title_fixture.hpp"

namespace test = mezz::test;
using mezz::package::Format;
using mezz::package::MediaPlaylist;
using test::Entry;
using test::MadeTitle;
using test::Playlist;
using test::PlaylistReader;

namespace {

constexpr std::string_view kQuery = "?token=a.b-c_d";

Playlist media_playlist(const MadeTitle& made, std::string_view name, Format format,
                        std::string_view prefix = "") {
    std::string text;
    mezz::package::write_media_playlist({.title = made.view(),
                                         .rendition = made.rendition(name),
                                         .line = made.line(name),
                                         .format = format,
                                         .uri_prefix = prefix,
                                         .query = kQuery},
                                        text);
    return PlaylistReader::read(text);
}

Playlist multivariant(const MadeTitle& made, Format format, std::string_view query = kQuery) {
    std::string text;
    mezz::package::write_multivariant_playlist(made.view(), format, query, text);
    return PlaylistReader::read(text);
}

std::uint64_t total(const Playlist& playlist) {
    return std::accumulate(playlist.segments.begin(), playlist.segments.end(), std::uint64_t{0},
                           [](std::uint64_t sum, const auto& s) { return sum + s.micros; });
}

bool has(const Entry& entry, std::string_view name, std::string_view value) {
    const auto found = entry.attributes.find(name);
    return found != entry.attributes.end() && found->second == value;
}

MadeTitle one_film() {
    MadeTitle made;
    made.add(test::film(40, "eng"));
    made.build();
    return made;
}

}  // namespace

static const char* media_playlists_list_all_segments() {
    const MadeTitle made = one_film();
    const Playlist ts = media_playlist(made, "36p", Format::hls, "rev/");
    MEZZ_CHECK(ts.version == 3 && ts.vod && ts.ended && ts.map.empty() && ts.segments.size() == 3 &&
               ts.target == 6);
    MEZZ_CHECK(ts.segments[0].uri == "rev/36p_0.ts?token=a.b-c_d" &&
               ts.segments[2].uri == "rev/36p_2.ts?token=a.b-c_d");
    MEZZ_CHECK(ts.segments[0].micros == 6000000 && ts.segments[2].micros == 1000000 && total(ts) == 13000000);
    const Playlist cmaf = media_playlist(made, "audio-eng", Format::cmaf);
    MEZZ_CHECK(cmaf.version == 6 && cmaf.map == "audio-eng_init.mp4?token=a.b-c_d" && cmaf.target == 6);
    MEZZ_CHECK(cmaf.segments.size() == 3 && cmaf.segments[1].uri == "audio-eng_1.m4s?token=a.b-c_d");
    MEZZ_CHECK(total(cmaf) == 13003175);  // 560 frames, to the last digit
    return test::kFine;
}

// The sum of what is rounded must stay at the truth, and no EXTINF may exceed the target.
static const char* durations_do_not_drift() {
    MadeTitle made;
    test::TrackSpec ntsc = test::video_track(30 * 900, 60, 1001, 30000);
    made.add(test::FileSpec{.tracks = {ntsc, test::audio_track(38770)}});
    for (const std::uint32_t ms : {1000U, 2000U, 6000U}) {
        made.build({ms});
        for (const char* name : {"36p", "audio-und"}) {
            const Playlist playlist = media_playlist(made, name, Format::cmaf);
            const auto line = made.line(name);
            std::uint64_t at = 0;
            MEZZ_CHECK(playlist.segments.size() == line.segment_count());
            for (std::uint32_t n = 0; n < line.segment_count(); ++n) {
                at += playlist.segments[n].micros;
                const double truth = static_cast<double>(line.start(n + 1)) * 1e6 / line.track()->timescale;
                MEZZ_CHECK(std::abs(static_cast<double>(at) - truth) <= 0.5);
                MEZZ_CHECK((playlist.segments[n].micros + 500000) / 1000000 <= playlist.target);
            }
            const Playlist other = media_playlist(made, "36p", Format::hls);
            MEZZ_CHECK(other.target == playlist.target);
        }
    }
    return test::kFine;
}

// §4.4.3.1: no EXTINF, rounded, may exceed the target.
static const char* the_target_is_rounded_up() {
    const auto target = [](std::size_t gop) {
        MadeTitle made;
        made.add(test::FileSpec{.tracks = {test::video_track(gop * 5, gop)}});
        made.build({6000});
        return media_playlist(made, "36p", Format::hls).target;
    };
    MEZZ_CHECK(target(140) == 6 && target(150) == 6 && target(160) == 6 && target(165) == 7 &&
               target(190) == 8);
    return test::kFine;
}

// Before a late track begins, whose codec has no silence, there are gaps, as long as the segments of the
// others; after its end, nothing.
static const char* gaps_before_a_late_track() {
    test::FileSpec spec = test::film();
    spec.tracks[1].frames.resize(200);
    spec.tracks[1].edits = {{6500, -1}, {0, 0}};
    spec.tracks[1].entry = test::dependent_entry();
    MadeTitle made;
    made.add(spec);
    made.build({2000});
    const Playlist playlist = media_playlist(made, "audio-und", Format::cmaf);
    MEZZ_CHECK(playlist.segments.size() == 6 && playlist.segments[3].uri == "audio-und_3.m4s?token=a.b-c_d");
    for (std::size_t n = 0; n < 6; ++n)
        MEZZ_CHECK(playlist.segments[n].gap == (n < 3) && playlist.segments[n].micros <= 2500000);
    MEZZ_CHECK(playlist.segments[0].micros == 2000000 && total(playlist) == 11143991);
    MEZZ_CHECK(media_playlist(made, "36p", Format::cmaf).segments.size() == 7);
    return test::kFine;
}

// In transport streams it stays in the last segment with pictures, unless that became far longer than others;
// elsewhere its segments are as long as others.
static const char* sound_after_the_pictures() {
    MadeTitle made;
    made.add(test::FileSpec{.tracks = {test::video_track(250, 50), test::audio_track(603)}});  // 10 s, 14 s
    made.build();
    const Playlist ts = media_playlist(made, "36p", Format::hls);
    const Playlist video = media_playlist(made, "36p", Format::cmaf);
    const Playlist audio = media_playlist(made, "audio-und", Format::cmaf);
    MEZZ_CHECK(total(video) == 10000000 && total(audio) == 14001633 && total(audio) - total(ts) < 20);
    MEZZ_CHECK(ts.segments.size() == video.segments.size() && audio.segments.size() > video.segments.size());
    MEZZ_CHECK(video.target <= 7 && video.target == audio.target && ts.target == 8);
    MEZZ_CHECK(media_playlist(made, "audio-und", Format::hls).target == ts.target);
    MEZZ_CHECK(multivariant(made, Format::hls).media.empty());
    return test::kFine;
}

static const char* sound_long_after_the_pictures() {
    MadeTitle made;
    made.add(test::FileSpec{.tracks = {test::video_track(250, 50), test::audio_track(1292)}});  // 10 s, 30 s
    made.build();
    const Playlist ts = media_playlist(made, "36p", Format::hls);
    const Playlist audio = media_playlist(made, "audio-und", Format::hls);
    MEZZ_CHECK(total(ts) == 10000000 && total(audio) == 30000181);
    MEZZ_CHECK(ts.target == 6 && audio.target == 6);
    const Playlist master = multivariant(made, Format::hls);
    MEZZ_CHECK(master.media.size() == 1 && master.media[0].attributes.contains("URI"));
    return test::kFine;
}

static const char* independent_segments() {
    const auto of = [](const std::vector<std::size_t>& open) {
        MadeTitle made;
        made.add(test::FileSpec{.tracks = {test::open_track(300, 25, open)}});
        made.build({1000});
        return multivariant(made, Format::hls).independent;
    };
    MEZZ_CHECK(of({}) && !of({1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}));
    return test::kFine;
}

static const char* a_film_with_one_audio() {
    const MadeTitle made = one_film();
    const Playlist ts = multivariant(made, Format::hls);
    MEZZ_CHECK(ts.independent && ts.media.empty() && ts.variants.size() == 1);
    const Entry& variant = ts.variants[0];
    MEZZ_CHECK(variant.uri == made.revision() + "/36p.m3u8?token=a.b-c_d" &&
               !variant.attributes.contains("AUDIO"));
    MEZZ_CHECK(has(variant, "CODECS", "avc1.42c01e,mp4a.40.2") && has(variant, "RESOLUTION", "64x36"));
    MEZZ_CHECK(has(variant, "FRAME-RATE", "25.000"));
    const auto& video = made.rendition("36p");
    MEZZ_CHECK(has(variant, "BANDWIDTH", std::to_string(video.ts.peak)));
    MEZZ_CHECK(has(variant, "AVERAGE-BANDWIDTH", std::to_string(video.ts.average)));
    const Playlist cmaf = multivariant(made, Format::cmaf, "");
    MEZZ_CHECK(cmaf.media.size() == 1 && cmaf.variants.size() == 1 &&
               has(cmaf.variants[0], "AUDIO", "audio"));
    MEZZ_CHECK(has(cmaf.media[0], "URI", made.revision() + "/audio-eng.m3u8") &&
               has(cmaf.media[0], "LANGUAGE", "en"));
    MEZZ_CHECK(has(cmaf.media[0], "TYPE", "AUDIO") && has(cmaf.media[0], "GROUP-ID", "audio"));
    MEZZ_CHECK(has(cmaf.media[0], "NAME", "en") && has(cmaf.media[0], "DEFAULT", "YES") &&
               has(cmaf.media[0], "CHANNELS", "2"));
    const auto peak = video.cmaf.peak + made.rendition("audio-eng").cmaf.peak;
    MEZZ_CHECK(has(cmaf.variants[0], "BANDWIDTH", std::to_string(peak)));
    return test::kFine;
}

static const char* several_audios() {
    MadeTitle made;
    for (const auto& [name, label] : {std::pair("a", "Said \"so\""), {"b", "Same"}, {"c", "Same"}}) {
        test::TrackSpec audio = test::audio_track(560, 1);
        made.add(test::FileSpec{.tracks = {audio}},
                 {.rendition = name, .language = "en", .label = label, .is_default = name[0] == 'b'});
    }
    test::FileSpec video = test::film();
    video.tracks.pop_back();
    made.add(video, {.rendition = "v"});
    made.build();
    for (const Format format : {Format::hls, Format::cmaf}) {
        const Playlist list = multivariant(made, format);
        MEZZ_CHECK(list.media.size() == 3 && list.variants.size() == 1 &&
                   has(list.variants[0], "AUDIO", "audio"));
        MEZZ_CHECK(has(list.media[0], "NAME", "Said 'so'") && has(list.media[1], "NAME", "Same") &&
                   has(list.media[2], "NAME", "Same 2"));
        MEZZ_CHECK(has(list.media[1], "DEFAULT", "YES") && has(list.media[0], "DEFAULT", "NO"));
        MEZZ_CHECK(
            std::ranges::all_of(list.media, [](const Entry& e) { return e.attributes.contains("URI"); }));
        const auto rate = [format](const auto& rendition) {
            return format == Format::hls ? rendition.ts.peak : rendition.cmaf.peak;
        };
        const auto sound =
            std::max({rate(made.rendition("a")), rate(made.rendition("b")), rate(made.rendition("c"))});
        MEZZ_CHECK(has(list.variants[0], "BANDWIDTH", std::to_string(rate(made.rendition("v")) + sound)));
        MEZZ_CHECK(list.sound.size() == 1 && has(list.sound[0], "AUDIO", "audio"));
    }
    return test::kFine;
}

static const char* audio_alone() {
    MadeTitle made;
    made.add(test::FileSpec{.tracks = {test::audio_track(560, 1)}});
    made.build();
    for (const Format format : {Format::hls, Format::cmaf}) {
        const Playlist playlist = multivariant(made, format);
        MEZZ_CHECK(playlist.media.empty() && playlist.variants.size() == 1);
        MEZZ_CHECK(has(playlist.variants[0], "CODECS", "mp4a.40.2") &&
                   !playlist.variants[0].attributes.contains("RESOLUTION"));
        MEZZ_CHECK(playlist.variants[0].uri == made.revision() + "/audio-und.m3u8?token=a.b-c_d");
    }
    return test::kFine;
}

static const char* sound_alone_is_the_last_variant() {
    const MadeTitle made = one_film();
    const auto& audio = made.rendition("audio-eng");
    for (const Format format : {Format::hls, Format::cmaf}) {
        const Playlist playlist = multivariant(made, format);
        MEZZ_CHECK(playlist.variants.size() == 1 && playlist.sound.size() == 1);
        const Entry& sound = playlist.sound[0];
        MEZZ_CHECK(sound.uri == made.revision() + "/audio-eng.m3u8?token=a.b-c_d");
        MEZZ_CHECK(has(sound, "CODECS", "mp4a.40.2") && !sound.attributes.contains("FRAME-RATE"));
        const auto& rate = format == Format::hls ? audio.ts : audio.cmaf;
        MEZZ_CHECK(has(sound, "BANDWIDTH", std::to_string(rate.peak)) &&
                   has(sound, "AVERAGE-BANDWIDTH", std::to_string(rate.average)));
        MEZZ_CHECK(sound.attributes.contains("AUDIO") == (format == Format::cmaf));
    }
    MadeTitle silent;
    test::FileSpec video = test::film();
    video.tracks.pop_back();
    silent.add(video);
    silent.build();
    MEZZ_CHECK(multivariant(silent, Format::hls).sound.empty() &&
               multivariant(silent, Format::cmaf).sound.empty());
    return test::kFine;
}

static const char* players_choose_by_what_differs() {
    MadeTitle made;
    const auto add = [&](mezz::package::SourceFile source) {
        source.language = "en";
        made.add(test::FileSpec{.tracks = {test::audio_track(560, 1)}}, source);
    };
    add({.rendition = "talk", .is_commentary = true});
    add({.rendition = "told", .is_described = true});
    add({.rendition = "main"});
    add({.rendition = "other"});
    test::FileSpec video = test::film();
    video.tracks.pop_back();
    made.add(video, {.rendition = "v"});
    made.build();
    for (const Format format : {Format::hls, Format::cmaf}) {
        const Playlist playlist = multivariant(made, format);
        MEZZ_CHECK(playlist.media.size() == 4);
        const auto said = [&](std::size_t i, std::string_view name, std::string_view preset,
                              std::string_view by_itself) {
            return has(playlist.media[i], "NAME", name) && has(playlist.media[i], "DEFAULT", preset) &&
                   has(playlist.media[i], "AUTOSELECT", by_itself);
        };
        MEZZ_CHECK(said(0, "en commentary", "NO", "NO") && said(1, "en described", "NO", "YES"));
        MEZZ_CHECK(said(2, "en", "YES", "YES") && said(3, "en 2", "NO", "NO"));
        MEZZ_CHECK(has(playlist.media[1], "CHARACTERISTICS", "public.accessibility.describes-video"));
    }
    return test::kFine;
}

static const char* the_title_is_told() {
    MadeTitle made = one_film();
    MEZZ_CHECK(multivariant(made, Format::hls).session_data.empty());
    made.facts().name = "A \"B\"\r\n\x01 & <C> \xC3\xBC\xFF";
    made.build();
    for (const Format format : {Format::hls, Format::cmaf}) {
        const Playlist playlist = multivariant(made, format);
        MEZZ_CHECK(playlist.session_data.size() == 1 &&
                   has(playlist.session_data[0], "DATA-ID", "com.apple.hls.title"));
        MEZZ_CHECK(has(playlist.session_data[0], "VALUE", "A 'B' & <C> \xC3\xBC"));
    }
    return test::kFine;
}

// What it is called now stands where it was called something else, and no other byte changes.
static const char* a_new_title_is_told() {
    MadeTitle made = one_film();
    made.facts().name = "Before";
    made.build();
    std::string longest;
    while (longest.size() < 500 * 4)
        longest += "\U0001F3D6";
    std::string before;
    mezz::package::write_multivariant_playlist(made.view(), Format::hls, kQuery, before);
    const std::size_t at = before.find("\"Before\"");
    for (const auto& [name, told] :
         {std::pair<std::string, std::string>("\"Neu\"\u2028\n\u0085\u00DF", "'Neu'\u00DF"),
          {longest, longest},
          {"", "Before"}}) {
        std::string text;
        mezz::package::write_multivariant_playlist(made.view(), Format::hls, kQuery, text, {}, name);
        MEZZ_CHECK(text == before.substr(0, at + 1) + told + before.substr(at + 7));
    }
    return test::kFine;
}

int main() {
    const CMUnitTest tests[] = {MEZZ_CHECKED(media_playlists_list_all_segments),
                                MEZZ_CHECKED(durations_do_not_drift),
                                MEZZ_CHECKED(the_target_is_rounded_up),
                                MEZZ_CHECKED(gaps_before_a_late_track),
                                MEZZ_CHECKED(sound_after_the_pictures),
                                MEZZ_CHECKED(sound_long_after_the_pictures),
                                MEZZ_CHECKED(independent_segments),
                                MEZZ_CHECKED(a_film_with_one_audio),
                                MEZZ_CHECKED(several_audios),
                                MEZZ_CHECKED(audio_alone),
                                MEZZ_CHECKED(sound_alone_is_the_last_variant),
                                MEZZ_CHECKED(players_choose_by_what_differs),
                                MEZZ_CHECKED(the_title_is_told),
                                MEZZ_CHECKED(a_new_title_is_told)};
    return cmocka_run_group_tests_name("hls", tests, nullptr, nullptr);
}
