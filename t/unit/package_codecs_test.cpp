// What becomes of tracks in codecs other than H.264 and AAC: headers, playlists, manifest, transport streams.
#include <algorithm>

#include "check.hpp"
#include "codec_entries.hpp"
#include "hls_reader.hpp"
#include "package/fmp4.hpp"
#include "package/playlist.hpp"
#include "package/ts_codec.hpp"
#include "package/ts_estimate.hpp"
#include "title_fixture.hpp"
#include "ts_case.hpp"
#include "xml_reader.hpp"

namespace test = mezz::test;
using mezz::Bytes;
using mezz::media::Codec;
using mezz::media::fourcc;
using mezz::package::Format;
using test::Buffer;
using test::Entry;
using test::Fields;
using test::MadeTitle;
using test::Playlist;

namespace {

test::TrackSpec pictures(Buffer entry) {
    test::TrackSpec track = test::video_track(13 * 25, 50);
    track.entry = std::move(entry);
    return track;
}

test::TrackSpec sound(const Buffer& entry, const std::string& language = "und", std::uint32_t id = 2) {
    test::TrackSpec track = test::audio_track(560, id);
    track.entry = entry;
    track.language = language;
    return track;
}

MadeTitle made_of(std::vector<test::TrackSpec> tracks) {
    MadeTitle made;
    for (test::TrackSpec& track : tracks)
        made.add(test::FileSpec{.tracks = {std::move(track)}});
    made.build();
    return made;
}

Playlist multivariant(const MadeTitle& made, Format format) {
    std::string text;
    mezz::package::write_multivariant_playlist(made.view(), format, "", text);
    return test::PlaylistReader::read(text);
}

test::Element manifest(const MadeTitle& made) {
    std::string text;
    const auto tracks = made.tracks();
    mezz::package::write_manifest(made.view(), tracks, "", text);
    return test::XmlReader::read(text);
}

std::string value_of(const Entry& entry, std::string_view name) {
    const auto found = entry.attributes.find(name);
    return found == entry.attributes.end() ? "" : std::string(found->second);
}

// "group:language:channels:default:uri " of each entry.
std::string groups_of(const Playlist& playlist) {
    std::string text;
    for (const Entry& e : playlist.media)
        text += value_of(e, "GROUP-ID") + ':' + value_of(e, "LANGUAGE") + ':' + value_of(e, "CHANNELS") +
                ':' + value_of(e, "DEFAULT") + (e.attributes.contains("URI") ? ":uri " : ": ");
    return text;
}

bool contains(const Buffer& bytes, const Buffer& part) {
    return !std::ranges::search(bytes, part).empty();
}

// What a header made for a track says when it is read again.
const char* check_header(const Buffer& entry, Codec codec, std::string_view name) {
    const bool video = mezz::media::form_of(codec).kind == mezz::media::TrackKind::video;
    const MadeTitle made = made_of({video ? pictures(entry) : sound(entry)});
    const auto track = made.tracks().front();
    const Buffer init = mezz::package::write_init_segment(track);
    const auto ftyp = mezz::media::read_box_header(init, 0, init.size());
    const Bytes moov = Bytes(init).subspan(static_cast<std::size_t>(ftyp->size));
    const auto movie = mezz::media::parse_movie(moov.subspan(8), ftyp->size, 8);
    MEZZ_CHECK(movie && movie->tracks.size() == 1 && movie->tracks[0].codec == codec &&
               track->codec == codec);
    const auto& read = movie->tracks[0];
    MEZZ_CHECK(read.details.codec_string == name && track.codec_string() == name);
    MEZZ_CHECK(std::ranges::equal(read.config, track.config()) && !read.relabelled);
    MEZZ_CHECK(std::ranges::equal(read.side_boxes, track.side_boxes()));
    MEZZ_CHECK(read.details.audio.channels == track->audio.channels &&
               read.details.audio.sample_rate == track->audio.sample_rate);
    return test::kFine;
}

}  // namespace

static const char* headers_describe_every_codec() {
    MEZZ_CHECK_ALL(
        check_header(test::hevc_entry("hvc1", test::hevc_config()), Codec::hevc, "hvc1.1.6.L60.90"));
    MEZZ_CHECK_ALL(
        check_header(test::hevc_entry("hev1", test::hevc_config()), Codec::hevc, "hvc1.1.6.L60.90"));
    MEZZ_CHECK_ALL(check_header(test::av1_entry(), Codec::av1, "av01.0.00M.08"));
    MEZZ_CHECK_ALL(check_header(test::ac3_entry(), Codec::ac3, "ac-3"));
    MEZZ_CHECK_ALL(check_header(test::atmos_entry(), Codec::eac3, "ec-3"));
    MEZZ_CHECK_ALL(check_header(test::opus_entry(), Codec::opus, "Opus"));
    MEZZ_CHECK_ALL(check_header(test::mp3_entry(), Codec::mp3, "mp4a.40.34"));
    return test::kFine;
}

static const char* headers_keep_what_describes_hdr() {
    const Buffer more = test::join(
        {test::box("colr", Fields().text("nclc").u16(9).u16(16).u16(9)),
         test::box("mdcv", Fields().zeros(24)), test::box("free", Fields().zeros(4)),
         test::box("clli", Fields().u32(0x03E80190)), test::box("dvvC", Fields().u32(0x01001015).zeros(20))});
    MEZZ_CHECK_ALL(
        check_header(test::hevc_entry("hvc1", test::hevc_config(), more), Codec::hevc, "hvc1.1.6.L60.90"));
    const MadeTitle made = made_of({pictures(test::hevc_entry("hvc1", test::hevc_config(), more))});
    const Buffer init = mezz::package::write_init_segment(made.tracks().front());
    MEZZ_CHECK(contains(init, test::box("colr", Fields().text("nclx").u16(9).u16(16).u16(9).u8(0))));
    MEZZ_CHECK(contains(init, test::box("mdcv", Fields().zeros(24))) &&
               contains(init, test::box("clli", Fields().u32(0x03E80190))));
    const Playlist cmaf = multivariant(made, Format::cmaf);
    MEZZ_CHECK(value_of(cmaf.variants[0], "VIDEO-RANGE") == "PQ");
    MEZZ_CHECK(cmaf.iframes.size() == 1 && value_of(cmaf.iframes[0], "VIDEO-RANGE") == "PQ");
    return test::kFine;
}

// A container that contradicts the pictures is not believed, but with H.264.
static const char* the_range_is_that_of_the_pictures() {
    const Buffer sdr = test::box("colr", Fields().text("nclx").u16(1).u16(1).u16(1).u8(0));
    const MadeTitle made = made_of({pictures(test::hevc_entry("hvc1", test::hevc_hdr_config(), sdr))});
    MEZZ_CHECK(value_of(multivariant(made, Format::hls).variants[0], "VIDEO-RANGE") == "HLG");
    const test::Element mpd = manifest(made);
    const auto sets = mpd.one("Period").all("AdaptationSet");
    const auto properties = sets.front()->all("EssentialProperty");
    MEZZ_CHECK(properties.size() == 3 && properties[1]->at("value") == "18" &&
               properties[1]->at("schemeIdUri") == "urn:mpeg:mpegB:cicp:TransferCharacteristics");
    MEZZ_CHECK(sets.size() == 2 && sets[1]->all("EssentialProperty").size() == 4);  // for trick play
    const Buffer pq = test::box("colr", Fields().text("nclx").u16(9).u16(16).u16(9).u8(0));
    const MadeTitle avc = made_of({pictures(test::avc_entry(pq))});
    MEZZ_CHECK(value_of(multivariant(avc, Format::hls).variants[0], "VIDEO-RANGE") == "PQ");
    return test::kFine;
}

static const char* groups_by_codec_and_channels() {
    const MadeTitle made =
        made_of({pictures(test::avc_entry()), sound(test::mp4a_entry(test::lc_config()), "eng"),
                 sound(test::ac3_entry(), "eng"), sound(test::atmos_entry(), "eng"),
                 sound(test::mp4a_entry(test::lc_config()), "deu")});
    for (const Format format : {Format::cmaf, Format::hls}) {
        const Playlist list = multivariant(made, format);
        MEZZ_CHECK(groups_of(list) ==
                   "audio-mp4a.40.2-2:en:2:YES:uri audio-mp4a.40.2-2:de:2:NO:uri "
                   "audio-ac-3-6:en:6:YES:uri audio-ac-3-6:de:2:NO:uri "
                   "audio-ec-3-6-joc:en:16/JOC:YES:uri audio-ec-3-6-joc:de:2:NO:uri ");
        MEZZ_CHECK(list.variants.size() == 3 &&
                   value_of(list.variants[0], "CODECS") == "avc1.42c01e,mp4a.40.2");
        MEZZ_CHECK(value_of(list.variants[1], "CODECS") == "avc1.42c01e,ac-3,mp4a.40.2" &&
                   value_of(list.variants[2], "AUDIO") == "audio-ec-3-6-joc");
    }
    const std::string peak =
        std::to_string(made.rendition("36p").ts.peak + made.rendition("audio-deu").ts.peak);
    MEZZ_CHECK(value_of(multivariant(made, Format::hls).variants[0], "BANDWIDTH") == peak);
    return test::kFine;
}

// Groups have the same members, which say the same of themselves but for CHANNELS (RFC 8216bis §4.4.6.1.1).
static const char* groups_offer_the_same_choices() {
    MadeTitle made;
    const auto add = [&made](std::string name, test::TrackSpec track, std::string language,
                             std::string label) {
        made.add(test::FileSpec{.tracks = {std::move(track)}},
                 {.rendition = std::move(name), .language = std::move(language), .label = std::move(label)});
    };
    add("v", pictures(test::avc_entry()), "", "");
    add("a", sound(test::ac3_entry()), "de", "Ton 5.1");
    add("b", sound(test::ac3_entry()), "en", "Surround");
    add("c", sound(test::mp4a_entry(test::lc_config())), "en", "Stereo");
    add("d", sound(test::mp4a_entry(test::lc_config())), "en", "Remaster");
    made.build();
    const Playlist cmaf = multivariant(made, Format::cmaf);
    std::string said;
    for (const Entry& e : cmaf.media)
        said += value_of(e, "NAME") + ':' + value_of(e, "DEFAULT") + ':' + value_of(e, "AUTOSELECT") + ':' +
                value_of(e, "CHANNELS") + ' ';
    MEZZ_CHECK(said ==
               "Ton 5.1:YES:YES:6 Surround:NO:YES:6 Remaster:NO:NO:2 "
               "Ton 5.1:YES:YES:6 Surround:NO:YES:2 Remaster:NO:NO:2 ");
    return test::kFine;
}

// The same languages in other codecs each way round: what would be equal groups is one.
static const char* groups_that_are_equal_are_one() {
    const MadeTitle made = made_of({pictures(test::avc_entry()), sound(test::ac3_entry(), "eng"),
                                    sound(test::mp4a_entry(test::lc_config()), "deu")});
    const Playlist cmaf = multivariant(made, Format::cmaf);
    MEZZ_CHECK(groups_of(cmaf) == "audio:en:6:YES:uri audio:de:2:NO:uri " && cmaf.variants.size() == 1);
    MEZZ_CHECK(value_of(cmaf.variants[0], "CODECS") == "avc1.42c01e,ac-3,mp4a.40.2");
    MEZZ_CHECK(groups_of(multivariant(made, Format::hls)) == "audio:en:6:YES:uri audio:de:2:NO:uri ");
    return test::kFine;
}

// No player that wants it in MP4 finds it there.
static const char* mp3_is_in_the_segments_of_pictures() {
    const MadeTitle made = made_of(
        {pictures(test::avc_entry()), sound(test::mp3_entry(), "eng"), sound(test::mp3_entry(), "deu")});
    MEZZ_CHECK(groups_of(multivariant(made, Format::hls)) == "audio:en:2:YES: audio:de:2:NO:uri ");
    const MadeTitle both = made_of({pictures(test::avc_entry()), sound(test::mp3_entry(), "eng"),
                                    sound(test::mp4a_entry(test::lc_config()), "eng")});
    MEZZ_CHECK(both.view().muxed_audio() == nullptr);
    return test::kFine;
}

static const char* a_transport_stream_leaves_out_what_it_cannot_carry() {
    const MadeTitle made = made_of({pictures(test::avc_entry()), pictures(test::av1_entry()),
                                    sound(test::opus_entry(), "eng"), sound(test::mp3_entry(), "eng")});
    const Playlist ts = multivariant(made, Format::hls);
    MEZZ_CHECK(ts.media.empty() && ts.variants.size() == 1);
    MEZZ_CHECK(value_of(ts.variants[0], "CODECS") == "avc1.42c01e,mp4a.40.34");
    const Playlist cmaf = multivariant(made, Format::cmaf);
    MEZZ_CHECK(cmaf.variants.size() == 4 && cmaf.media.size() == 2);
    const test::Element mpd = manifest(made);
    const auto sets = mpd.one("Period").all("AdaptationSet");
    MEZZ_CHECK(sets.size() == 6);  // the last two for trick play, of one video each
    MEZZ_CHECK(sets[4]->one("EssentialProperty").at("value") == sets[0]->at("id") &&
               sets[5]->one("EssentialProperty").at("value") == sets[1]->at("id"));
    MEZZ_CHECK(ts.iframes.size() == 1 && value_of(ts.iframes[0], "CODECS") == "avc1.42c01e" &&
               cmaf.iframes.size() == 2);
    const MadeTitle none = made_of({pictures(test::av1_entry()), sound(test::opus_entry())});
    MEZZ_CHECK(carries_each_kind(made.view(), Format::hls));
    MEZZ_CHECK(!carries_each_kind(none.view(), Format::hls) && carries_each_kind(none.view(), Format::cmaf));
    const MadeTitle mute = made_of({pictures(test::avc_entry()), sound(test::opus_entry())});
    const MadeTitle blind = made_of({pictures(test::av1_entry()), sound(test::mp3_entry())});
    MEZZ_CHECK(!carries_each_kind(mute.view(), Format::hls) && !carries_each_kind(blind.view(), Format::hls));
    return test::kFine;
}

static const char* dolby_tells_its_channels() {
    const test::Element mpd = manifest(made_of({sound(test::atmos_entry())}));
    const test::Element& r = mpd.one("Period").one("AdaptationSet").one("Representation");
    MEZZ_CHECK(r.one("AudioChannelConfiguration").at("value") == "F801");
    const auto extra = r.all("SupplementalProperty");
    MEZZ_CHECK(extra.size() == 2 && extra[0]->at("value") == "JOC" && extra[1]->at("value") == "16");
    return test::kFine;
}

// Audio frames go as they are, in PES packets that the plan has counted.
static const char* check_audio(Codec codec, std::uint32_t sample_rate, unsigned type,
                               std::string_view registration) {
    std::mt19937 random(5);
    test::FakeTrack audio;
    audio.timescale = 48000;
    for (int i = 0; i < 40; ++i)
        audio.add(test::random_bytes(random, 50 + test::below(random, 3000)), 1536);
    mezz::package::TsAudioGrouping grouping(audio.timescale, true, 0);
    for (const auto& sample : audio.samples)
        grouping.add(sample);
    const mezz::package::TsAudioTrack track{
        .timescale = 48000, .samples = audio.samples, .codec = codec, .sample_rate = sample_rate};
    const auto plan = mezz::package::TsPlan::make(std::nullopt, track, 0);
    MEZZ_CHECK(plan.has_value());
    const auto muxed = test::mux(*plan, nullptr, &audio, {.input = 700, .output = 1000, .random = true});
    test::TsReader reader;
    MEZZ_CHECK(muxed.finished);
    if (!reader.read(muxed.bytes)) throw std::runtime_error(reader.error());
    MEZZ_CHECK(reader.stream_types.at(mezz::package::kTsAudioPid) == type &&
               reader.registrations[mezz::package::kTsAudioPid] == registration);
    Buffer all;
    Buffer expected;
    std::uint64_t packets = 0;
    for (const auto& pes : reader.pes)
        all.insert(all.end(), pes.payload.begin(), pes.payload.end());
    for (const auto& sample : audio.samples) {
        const Bytes frame = audio.bytes_of(sample);
        expected.insert(expected.end(), frame.begin(), frame.end());
    }
    for (const auto& pes : plan->pes())
        packets += pes.packets;
    MEZZ_CHECK(all == expected && packets == (grouping.packets() + 15) / 16 * 16);
    return test::kFine;
}

static const char* transport_streams_of_every_audio() {
    MEZZ_CHECK_ALL(check_audio(Codec::ac3, 48000, 0x81, "AC-3"));
    MEZZ_CHECK_ALL(check_audio(Codec::eac3, 48000, 0x87, "EAC3"));
    MEZZ_CHECK_ALL(check_audio(Codec::mp3, 48000, 0x03, ""));
    MEZZ_CHECK_ALL(check_audio(Codec::mp3, 22050, 0x04, ""));
    const mezz::package::TsAudioTrack opus{.timescale = 48000, .samples = {}, .codec = Codec::opus};
    MEZZ_CHECK(test::refused(mezz::package::TsPlan::make(std::nullopt, opus, 0), mezz::ErrorCode::unsupported,
                             "ts: audio codec"));
    return test::kFine;
}

int main() {
    const CMUnitTest tests[] = {MEZZ_CHECKED(headers_describe_every_codec),
                                MEZZ_CHECKED(headers_keep_what_describes_hdr),
                                MEZZ_CHECKED(the_range_is_that_of_the_pictures),
                                MEZZ_CHECKED(groups_by_codec_and_channels),
                                MEZZ_CHECKED(groups_offer_the_same_choices),
                                MEZZ_CHECKED(groups_that_are_equal_are_one),
                                MEZZ_CHECKED(mp3_is_in_the_segments_of_pictures),
                                MEZZ_CHECKED(a_transport_stream_leaves_out_what_it_cannot_carry),
                                MEZZ_CHECKED(dolby_tells_its_channels),
                                MEZZ_CHECKED(transport_streams_of_every_audio)};
    return cmocka_run_group_tests_name("package codecs", tests, nullptr, nullptr);
}
