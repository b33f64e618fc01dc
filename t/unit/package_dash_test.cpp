#include <algorithm>

#include "check.hpp"
#include "codec_entries.hpp"
#include "package/playlist.hpp"
#include "title_fixture.hpp"
#include "xml_reader.hpp"

namespace test = mezz::test;
using mezz::package::TrackTimeline;
using test::Element;
using test::MadeTitle;
using test::XmlReader;

namespace {

constexpr std::string_view kQuery = "?token=a.b&x=\"1\"";

Element manifest(const MadeTitle& made, std::string_view query = kQuery) {
    std::string text;
    const auto tracks = made.tracks();
    mezz::package::write_manifest(made.view(), tracks, query, text);
    return XmlReader::read(text);
}

const Element& representation(const Element& mpd, std::string_view id) {
    for (const Element* set : mpd.one("Period").all("AdaptationSet"))
        for (const Element* r : set->all("Representation"))
            if (r->at("id") == id) return *r;
    throw std::runtime_error("no representation");
}

// Start and duration of each segment that a timeline lists.
std::vector<std::pair<std::int64_t, std::int64_t>> segments_of(const Element& r) {
    std::vector<std::pair<std::int64_t, std::int64_t>> out;
    std::int64_t at = 0;
    for (const Element* s : r.one("SegmentTemplate").one("SegmentTimeline").all("S")) {
        if (s->attributes.contains("t")) at = s->number("t");
        const auto repeats = s->attributes.contains("r") ? s->number("r") : 0;
        for (long long i = 0; i <= repeats; ++i, at += s->number("d"))
            out.emplace_back(at, s->number("d"));
    }
    return out;
}

const char* check_timeline(const MadeTitle& made, const Element& mpd, std::string_view name) {
    const Element& r = representation(mpd, name);
    const TrackTimeline line = made.line(name);
    const Element& segment = r.one("SegmentTemplate");
    const auto listed = segments_of(r);
    const auto first = static_cast<std::uint32_t>(segment.number("startNumber"));
    MEZZ_CHECK(segment.number("timescale") == line.track()->timescale);
    MEZZ_CHECK(!line.empty(first) && (first == 0 || line.empty(first - 1)));
    for (std::size_t i = 0; i < listed.size(); ++i) {
        const auto n = first + static_cast<std::uint32_t>(i);
        MEZZ_CHECK(listed[i].first == line.start(n) && listed[i].second == line.start(n + 1) - line.start(n));
        MEZZ_CHECK(!line.empty(n));
    }
    MEZZ_CHECK(first + listed.size() == line.segment_count() ||
               line.empty(first + static_cast<std::uint32_t>(listed.size())));
    return test::kFine;
}

}  // namespace

static const char* a_film() {
    MadeTitle made;
    made.add(test::film(40, "eng"));
    made.build();
    const Element mpd = manifest(made);
    MEZZ_CHECK(mpd.name == "MPD" && mpd.at("type") == "static" &&
               mpd.at("xmlns") == "urn:mpeg:dash:schema:mpd:2011");
    MEZZ_CHECK(mpd.at("mediaPresentationDuration") == "PT13.003S" &&
               mpd.at("maxSegmentDuration") == "PT6.015S");
    const auto sets = mpd.one("Period").all("AdaptationSet");
    MEZZ_CHECK(sets.size() == 3 && sets[0]->at("contentType") == "video" &&
               sets[1]->at("contentType") == "audio");
    MEZZ_CHECK(!sets[0]->attributes.contains("lang") && sets[1]->at("lang") == "en" &&
               sets[0]->at("id") != sets[1]->at("id"));
    const Element& video = representation(mpd, "36p");
    MEZZ_CHECK(video.at("codecs") == "avc1.42c01e" && video.at("width") == "64" &&
               video.at("height") == "36");
    MEZZ_CHECK(video.at("frameRate") == "25" && video.at("sar") == "1:1");
    MEZZ_CHECK(video.at("bandwidth") == std::to_string(made.rendition("36p").cmaf.peak));
    const Element& segments = video.one("SegmentTemplate");
    MEZZ_CHECK(segments.at("initialization") == made.revision() + "/36p_init.mp4" + std::string(kQuery));
    MEZZ_CHECK(segments.at("media") == made.revision() + "/36p_$Number$.m4s" + std::string(kQuery));
    MEZZ_CHECK(segments.one("SegmentTimeline").children.size() == 2);  // two equal segments are one S
    const Element& audio = representation(mpd, "audio-eng");
    MEZZ_CHECK(audio.at("audioSamplingRate") == "44100" &&
               audio.one("AudioChannelConfiguration").at("value") == "2");
    MEZZ_CHECK_ALL(check_timeline(made, mpd, "36p"));
    return check_timeline(made, mpd, "audio-eng");
}

static const char* all_video_is_one_set() {
    MadeTitle made;
    for (const std::uint32_t size : {40U, 400U, 4000U})
        made.add(test::film(size, "eng"));
    made.add(test::film(50, "deu"));
    made.build({2000});
    const Element mpd = manifest(made);
    const auto sets = mpd.one("Period").all("AdaptationSet");
    MEZZ_CHECK(sets.size() == 4 && sets[0]->all("Representation").size() == 4);
    MEZZ_CHECK(sets[3]->one("EssentialProperty").at("value") == sets[0]->at("id"));  // for trick play
    MEZZ_CHECK(sets[1]->one("Role").at("value") == "main" && sets[2]->one("Role").at("value") == "alternate");
    for (const auto& r : made.view().renditions())
        MEZZ_CHECK_ALL(check_timeline(made, mpd, r.name.data()));
    return test::kFine;
}

MadeTitle late_and_short(const test::Buffer& entry) {
    test::FileSpec spec = test::film();
    spec.tracks[1].frames.resize(200);
    spec.tracks[1].edits = {{6500, -1}, {0, 0}};
    spec.tracks[1].entry = entry;
    MadeTitle made;
    made.add(spec);
    made.build({2000});
    return made;
}

static const char* late_and_short_audio() {
    const MadeTitle made = late_and_short(test::dependent_entry());
    const Element mpd = manifest(made);
    const auto listed = segments_of(representation(mpd, "audio-und"));
    MEZZ_CHECK(listed.size() == 3 && listed[0].first == 286650);
    MEZZ_CHECK(representation(mpd, "audio-und").one("SegmentTemplate").at("startNumber") == "3");
    return check_timeline(made, mpd, "audio-und");
}

static const char* silence_before_late_audio() {
    const MadeTitle made = late_and_short(test::mp4a_entry(test::lc_config()));
    const Element mpd = manifest(made);
    const auto listed = segments_of(representation(mpd, "audio-und"));
    MEZZ_CHECK(listed.size() == 6 && listed[0].first == 0);
    MEZZ_CHECK(representation(mpd, "audio-und").one("SegmentTemplate").at("startNumber") == "0");
    return check_timeline(made, mpd, "audio-und");
}

static const char* labels_and_shapes() {
    test::TrackSpec video = test::video_track(30 * 12, 60, 1001, 30000);
    video.entry = test::avc_entry(test::box("pasp", test::Fields().u32(16).u32(12)));
    MadeTitle made;
    made.add(test::FileSpec{.tracks = {video}}, {.rendition = "v"});
    made.add(test::FileSpec{.tracks = {test::audio_track(500, 1)}},
             {.rendition = "a", .language = "en-GB", .label = "A <b> & \"c\""});
    made.build();
    const Element mpd = manifest(made);
    const Element& r = representation(mpd, "v");
    MEZZ_CHECK(r.at("frameRate") == "30000/1001" && r.at("sar") == "4:3");
    const Element& audio = *mpd.one("Period").all("AdaptationSet")[1];
    MEZZ_CHECK(audio.one("Label").text == "A <b> & \"c\"" && audio.at("lang") == "en-GB");
    return test::kFine;
}

static const char* who_sound_and_text_are_for() {
    MadeTitle made;
    made.add(test::film(40, "eng"));
    made.add(test::FileSpec{.tracks = {test::audio_track(560, 1)}},
             {.name = "a", .rendition = "told", .language = "eng", .is_described = true});
    made.add(test::FileSpec{.tracks = {test::audio_track(560, 1)}},
             {.name = "b", .rendition = "talk", .language = "eng", .is_commentary = true});
    made.add_text("WEBVTT\n\n00:01.000 --> 00:02.000\nx\n",
                  {.name = "s.vtt", .track = "subs", .is_sdh = true});
    made.build();
    std::string seen;
    const Element mpd = manifest(made);
    for (const Element* set : mpd.one("Period").all("AdaptationSet")) {
        seen += set->at("contentType");
        for (const Element* e : set->all("Accessibility"))
            seen += " for " + e->at("value");
        for (const Element* e : set->all("Role"))
            seen += ' ' + e->at("value");
        seen += '\n';
    }
    MEZZ_CHECK(
        seen ==
        "video main\naudio main\naudio for 1 alternate\naudio commentary\ntext for 2 caption\nvideo\n");
    return test::kFine;
}

static const char* thumbnail_tiles() {
    MadeTitle made;
    made.add(test::film());
    made.build();
    const std::size_t sets = manifest(made).one("Period").all("AdaptationSet").size();
    made.facts().storyboard = {.sheets = 2,
                               .columns = 5,
                               .rows = 4,
                               .tile_width = 160,
                               .tile_height = 90,
                               .interval_ms = 500,
                               .largest = 12345};
    made.build();
    const Element mpd = manifest(made);
    const auto all = mpd.one("Period").all("AdaptationSet");
    MEZZ_CHECK(all.size() == sets + 1);
    const Element& set = *all.back();
    MEZZ_CHECK(set.at("contentType") == "image" && set.at("mimeType") == "image/jpeg" &&
               set.number("id") == static_cast<long long>(sets));
    const Element& tiles = set.one("Representation");
    MEZZ_CHECK(tiles.number("width") == 800 && tiles.number("height") == 360 &&
               tiles.number("bandwidth") == 9876);
    MEZZ_CHECK(tiles.one("EssentialProperty").at("schemeIdUri") ==
                   "http://dashif.org/guidelines/thumbnail_tile" &&
               tiles.one("EssentialProperty").at("value") == "5x4");
    const Element& segments = tiles.one("SegmentTemplate");
    MEZZ_CHECK(segments.at("media") == "../thumbs/storyboard_$Number$.jpg" + std::string(kQuery));
    MEZZ_CHECK(segments.number("timescale") == 1000 && segments.number("duration") == 10000);
    MEZZ_CHECK(segments.number("startNumber") == 0 && segments.number("endNumber") == 1);
    for (const std::int64_t from : {0, 6000000}) {
        const mezz::package::Clip clip{
            .from = from, .to = 12000000, .first = from == 0 ? 0U : 1U, .last = 2, .asked = {}};
        std::string text;
        mezz::package::write_manifest(made.view(), made.tracks(), "", text, clip);
        MEZZ_CHECK((text.find("thumbnail_tile") != std::string::npos) == (from == 0));
    }
    return test::kFine;
}

int main() {
    const CMUnitTest tests[] = {MEZZ_CHECKED(who_sound_and_text_are_for),
                                MEZZ_CHECKED(thumbnail_tiles),
                                MEZZ_CHECKED(a_film),
                                MEZZ_CHECKED(all_video_is_one_set),
                                MEZZ_CHECKED(late_and_short_audio),
                                MEZZ_CHECKED(silence_before_late_audio),
                                MEZZ_CHECKED(labels_and_shapes)};
    return cmocka_run_group_tests_name("dash", tests, nullptr, nullptr);
}
