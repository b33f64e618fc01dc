#include "package/text_segments.hpp"

#include "check.hpp"
#include "hls_reader.hpp"
#include "package/playlist.hpp"
#include "title_fixture.hpp"
#include "xml_reader.hpp"

namespace test = mezz::test;
using mezz::media::TextIndexView;
using mezz::package::Format;
using mezz::package::SourceText;
using mezz::package::TextClock;
using test::MadeTitle;

namespace {

constexpr std::string_view kText =
    "WEBVTT\n\n00:01.000 --> 00:02.000 line:0\n<i>One</i>\n\n"
    "00:05.000 --> 00:06.000\nTo the boundary\n\n"
    "00:05.500 --> 00:12.500\nOver all\n\n"
    "00:06.000 --> 00:06.001\nFrom the boundary\n\n"
    "00:20.000 --> 00:21.000\nBehind the end\n";

MadeTitle film_with(std::vector<SourceText> texts, std::vector<std::uint32_t> segment_ms = {6000}) {
    MadeTitle made;
    made.add(test::film(40, "eng"));
    for (SourceText& text : texts)
        made.add_text(kText, std::move(text));
    made.build(std::move(segment_ms));
    return made;
}

std::string segment(MadeTitle& made, std::uint32_t n, TextClock clock = TextClock::ts) {
    std::string out;
    mezz::package::write_text_segment(made.texts()[0].index, made.view(), n, clock, out);
    return out;
}

std::string master(const MadeTitle& made, Format format) {
    std::string out;
    mezz::package::write_multivariant_playlist(made.view(), format, "?token=t", out);
    return out;
}

std::string manifest(const MadeTitle& made) {
    std::string out;
    mezz::package::write_manifest(made.view(), made.tracks(), "?token=a&b", out);
    return out;
}

bool has(const test::Entry& entry, std::string_view name, std::string_view value) {
    const auto found = entry.attributes.find(name);
    return found != entry.attributes.end() && found->second == value;
}

}  // namespace

static const char* segments_hold_what_is_shown() {
    MadeTitle made = film_with({{.name = "s.vtt", .track = "subs-eng"}});
    MEZZ_CHECK(segment(made, 0) ==
               "WEBVTT\nX-TIMESTAMP-MAP=LOCAL:00:00:00.000,MPEGTS:900000\n"
               "\n00:00:01.000 --> 00:00:02.000 line:0\n<i>One</i>\n"
               "\n00:00:05.000 --> 00:00:06.000\nTo the boundary\n"
               "\n00:00:05.500 --> 00:00:12.500\nOver all\n");
    MEZZ_CHECK(segment(made, 1, TextClock::presentation) ==
               "WEBVTT\nX-TIMESTAMP-MAP=LOCAL:00:00:00.000,MPEGTS:0\n"
               "\n00:00:05.500 --> 00:00:12.500\nOver all\n"
               "\n00:00:06.000 --> 00:00:06.001\nFrom the boundary\n");
    MEZZ_CHECK(segment(made, 2).ends_with("MPEGTS:900000\n\n00:00:05.500 --> 00:00:12.500\nOver all\n"));
    MadeTitle fine = film_with({{.name = "s.vtt", .track = "subs-eng"}}, {2000});
    MEZZ_CHECK(segment(fine, 1) == "WEBVTT\nX-TIMESTAMP-MAP=LOCAL:00:00:00.000,MPEGTS:900000\n");
    return test::kFine;
}

static const char* a_whole_file() {
    MadeTitle made = film_with({{.name = "s.vtt", .track = "subs-eng"}});
    std::string out;
    mezz::package::write_text_file(made.texts()[0].index, out);
    MEZZ_CHECK(out.starts_with("WEBVTT\n\n00:00:01.000 --> 00:00:02.000 line:0\n<i>One</i>\n\n") &&
               out.ends_with("\n00:00:20.000 --> 00:00:21.000\nBehind the end\n"));
    const auto again = mezz::media::parse_text_file(out);
    MEZZ_CHECK(again && again->size() == 5 && (*again)[0].settings == "line:0");
    return test::kFine;
}

static const char* a_playlist_has_the_segments_of_the_title() {
    MadeTitle made = film_with({{.name = "s.vtt", .track = "subs-eng"}});
    std::string out;
    mezz::package::write_text_playlist(made.view(), made.view().texts()[0], "rev/", "?token=t", out);
    const test::Playlist playlist = test::PlaylistReader::read(out);
    MEZZ_CHECK(playlist.version == 3 && playlist.vod && playlist.ended && playlist.target == 6);
    MEZZ_CHECK(playlist.segments.size() == 3 && playlist.segments[0].uri == "rev/subs-eng_0.vtt?token=t");
    MEZZ_CHECK(playlist.segments[0].micros == 6000000 && playlist.segments[1].micros == 6000000 &&
               playlist.segments[2].micros == 1003178);  // to the title's end, that of its sound
    return test::kFine;
}

static const char* bit_rates_are_those_of_the_segments() {
    for (const std::uint32_t ms : {2000U, 6000U}) {
        MadeTitle made = film_with({{.name = "s.vtt", .track = "subs-eng"}}, {ms});
        const auto rate = made.view().texts()[0].rate;
        std::size_t total = 0;
        double peak = 0;
        for (std::uint32_t n = 0; n < made.view().segment_count(); ++n) {
            const std::size_t size = segment(made, n).size();
            const auto boundaries = made.view().boundaries();
            const double seconds = static_cast<double>(boundaries[n + 1] - boundaries[n]) / 90000;
            peak = std::max(peak, static_cast<double>(size) * 8 / seconds);
            total += size;
        }
        MEZZ_CHECK(std::abs(static_cast<double>(rate.peak) - peak) < 3);
        MEZZ_CHECK(std::abs(static_cast<double>(rate.average) - static_cast<double>(total) * 8 / 13.003) < 3);
    }
    return test::kFine;
}

static const char* the_multivariant_playlist() {
    const MadeTitle made = film_with(
        {{.name = "a", .track = "subs-eng", .language = "en", .label = "English", .is_default = true},
         {.name = "b", .track = "subs-deu", .language = "de", .is_forced = true},
         {.name = "c", .track = "subs-eng", .language = "en", .is_default = true, .is_sdh = true},
         {.name = "d", .track = "36p", .label = "English"}});
    for (const Format format : {Format::hls, Format::cmaf}) {
        const test::Playlist playlist = test::PlaylistReader::read(master(made, format));
        const std::vector<test::Entry> texts(playlist.media.end() - 4, playlist.media.end());
        MEZZ_CHECK(playlist.variants.size() == 1 && has(playlist.variants[0], "SUBTITLES", "subs"));
        const std::string base = (format == Format::hls ? "" : "../subs/") + made.revision() + '/';
        MEZZ_CHECK(has(texts[0], "TYPE", "SUBTITLES") && has(texts[0], "GROUP-ID", "subs") &&
                   has(texts[0], "NAME", "English") && has(texts[0], "LANGUAGE", "en"));
        MEZZ_CHECK(has(texts[0], "DEFAULT", "YES") && has(texts[0], "AUTOSELECT", "YES") &&
                   has(texts[0], "FORCED", "NO") && has(texts[0], "URI", base + "subs-eng.m3u8?token=t"));
        MEZZ_CHECK(has(texts[1], "NAME", "de forced") && has(texts[1], "FORCED", "YES") &&
                   has(texts[1], "DEFAULT", "NO") && has(texts[1], "AUTOSELECT", "YES"));
        MEZZ_CHECK(has(texts[2], "NAME", "en SDH") && has(texts[2], "DEFAULT", "NO") &&
                   has(texts[2], "URI", base + "subs-eng-2.m3u8?token=t"));
        MEZZ_CHECK(has(texts[2], "CHARACTERISTICS",
                       "public.accessibility.transcribes-spoken-dialog,"
                       "public.accessibility.describes-music-and-sound"));
        MEZZ_CHECK(has(texts[3], "NAME", "English 2") && !texts[3].attributes.contains("LANGUAGE") &&
                   has(texts[3], "URI", base + "36p-2.m3u8?token=t"));
    }
    MEZZ_CHECK(made.names() == "36p audio-eng " && made.view().find("subs-eng") == nullptr);
    MEZZ_CHECK(made.view().find_text("subs-eng-2") != nullptr && made.view().find_text("36p") == nullptr);
    return test::kFine;
}

static const char* the_manifest() {
    const MadeTitle made =
        film_with({{.name = "a", .track = "subs-eng", .language = "en", .label = "E & F", .is_default = true},
                   {.name = "b", .track = "subs-deu", .language = "de", .is_forced = true},
                   {.name = "c", .track = "subs-eng", .language = "en", .is_sdh = true}});
    const test::Element mpd = test::XmlReader::read(manifest(made));
    const auto sets = mpd.one("Period").all("AdaptationSet");
    MEZZ_CHECK(sets.size() == 6 && sets[5]->at("id") == "5");  // the last for trick play
    const char* const roles[] = {"subtitle", "forced-subtitle", "caption"};
    for (std::size_t i = 0; i < 3; ++i) {
        const test::Element& set = *sets[i + 2];
        MEZZ_CHECK(set.at("contentType") == "text" && set.at("mimeType") == "text/vtt");
        MEZZ_CHECK(set.all("Role")[0]->at("value") == roles[i] && set.all("Role").size() == (i == 0 ? 2 : 1));
    }
    MEZZ_CHECK(sets[2]->at("lang") == "en" && sets[2]->at("id") == "2");
    MEZZ_CHECK(manifest(made).find("<Label>E &amp; F</Label>") != std::string::npos);
    MEZZ_CHECK(manifest(made).find("<BaseURL>../subs/" + made.revision() +
                                   "/subs-eng-2.vtt?token=a&amp;b</BaseURL>") != std::string::npos);
    return test::kFine;
}

static const char* without_texts_nothing_changes() {
    const MadeTitle made = film_with({});
    for (const std::string& text : {master(made, Format::hls), master(made, Format::cmaf), manifest(made)})
        MEZZ_CHECK(text.find("SUBTITLES") == std::string::npos && text.find("text") == std::string::npos &&
                   text.find("subs") == std::string::npos);
    const auto rate = made.rendition("36p").ts;
    MEZZ_CHECK(master(made, Format::hls).find("BANDWIDTH=" + std::to_string(rate.peak) + ',') !=
               std::string::npos);
    return test::kFine;
}

static const char* revisions_tell_texts_apart() {
    MadeTitle made = film_with({{.name = "a.vtt", .modified = 5, .track = "subs-eng"}});
    const std::string first = made.revision();
    MEZZ_CHECK(film_with({}).revision() != first);
    const auto changed_by = [&](auto change) {
        const std::vector<SourceText> before = made.texts();
        change(made.texts()[0]);
        const bool differs = made.revision() != first;
        made.texts() = before;
        return differs;
    };
    MEZZ_CHECK(changed_by([](auto& t) { ++t.size; }) && changed_by([](auto& t) { ++t.modified; }));
    MEZZ_CHECK(changed_by([](auto& t) { t.name = "b"; }) && changed_by([](auto& t) { t.track = "b"; }));
    MEZZ_CHECK(changed_by([](auto& t) { t.language = "b"; }) && changed_by([](auto& t) { t.label = "b"; }));
    MEZZ_CHECK(changed_by([](auto& t) { t.is_default = true; }) &&
               changed_by([](auto& t) { t.is_sdh = true; }));
    MEZZ_CHECK(changed_by([](auto& t) { t.is_forced = true; }) && made.revision() == first);
    return test::kFine;
}

int main() {
    const CMUnitTest tests[] = {MEZZ_CHECKED(segments_hold_what_is_shown),
                                MEZZ_CHECKED(a_whole_file),
                                MEZZ_CHECKED(a_playlist_has_the_segments_of_the_title),
                                MEZZ_CHECKED(bit_rates_are_those_of_the_segments),
                                MEZZ_CHECKED(the_multivariant_playlist),
                                MEZZ_CHECKED(the_manifest),
                                MEZZ_CHECKED(without_texts_nothing_changes),
                                MEZZ_CHECKED(revisions_tell_texts_apart)};
    return cmocka_run_group_tests_name("text segments", tests, nullptr, nullptr);
}
