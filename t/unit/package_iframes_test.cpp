#include <algorithm>
#include <numeric>

#include "check.hpp"
#include "cmaf_fixture.hpp"
#include "hls_reader.hpp"
#include "package/bit_rate.hpp"
#include "package/iframes.hpp"
#include "package/ts_muxer.hpp"
#include "title_fixture.hpp"
#include "xml_reader.hpp"

namespace test = mezz::test;
using mezz::package::Format;
using mezz::package::IFrameLine;
using mezz::package::MediaPlaylist;
using test::MadeTitle;
using test::Playlist;
using test::PlaylistReader;

namespace {

constexpr std::string_view kQuery = "?token=a.b-c_d";
constexpr std::uint32_t kFrames = 25;  // of a GOP of a track file
constexpr std::uint32_t kSecond = 90000;

Playlist iframe_playlist(const MadeTitle& made, std::string_view name, Format format) {
    std::string text;
    mezz::package::write_iframe_playlist({.title = made.view(),
                                          .rendition = made.rendition(name),
                                          .line = made.line(name),
                                          .format = format,
                                          .uri_prefix = "rev/",
                                          .query = kQuery},
                                         text);
    return PlaylistReader::read(text);
}

Playlist multivariant(const MadeTitle& made, Format format) {
    std::string text;
    mezz::package::write_multivariant_playlist(made.view(), format, kQuery, text);
    return PlaylistReader::read(text);
}

// GOPs of a second with key frames of these sizes.
test::Buffer track_file(const std::vector<std::uint32_t>& key_sizes, bool with_ssix) {
    const test::Buffer head = test::fragmented_head({test::video_track(0, 1)});
    test::SidxSpec spec{.references = std::vector<test::Reference>(key_sizes.size())};
    std::vector<std::uint32_t> heads;
    test::Buffer media;
    const std::size_t start =
        head.size() + test::sidx(spec).size() + (with_ssix ? 16 + key_sizes.size() * 12 : 0);
    for (std::size_t i = 0; i < key_sizes.size(); ++i) {
        test::Traf traf{.time = i * kSecond};
        for (std::uint32_t f = 0; f < kFrames; ++f)
            traf.frames.push_back({f == 0 ? key_sizes[i] : 9, kSecond / kFrames, 0, f == 0});
        std::vector<mezz::media::Sample> found;
        const test::Buffer part = test::fragment({traf}, start + media.size(), 1, &found);
        heads.push_back(static_cast<std::uint32_t>(found[0].offset + found[0].size - start - media.size()));
        spec.references[i] = {static_cast<std::uint32_t>(part.size()), kSecond};
        media = test::join({media, part});
    }
    if (!with_ssix) return test::join({head, test::sidx(spec), media});
    test::Fields levels;
    levels.u32(key_sizes.size());
    for (std::size_t i = 0; i < key_sizes.size(); ++i)
        levels.u32(2).u32(1U << 24 | heads[i]).u32(2U << 24 | (spec.references[i].bytes - heads[i]));
    const test::Buffer ssix = test::full_box("ssix", 0, 0, levels);
    spec.first_offset = ssix.size();
    return test::join({head, test::sidx(spec), ssix, media});
}

MadeTitle title_of(test::Buffer file) {
    MadeTitle made;
    made.add(std::move(file));
    made.build();
    return made;
}

MadeTitle film() {
    MadeTitle made;
    made.add(test::film(40, "eng"));
    made.build();
    return made;
}

mezz::media::Sample picture(const MadeTitle& made, const IFrameLine& line, std::uint32_t n) {
    const auto piece = line.piece(n);
    return test::read_pieces(made.file(0), line.track(), piece.first, piece.last).value().front();
}

// The bytes of an I-frame, as they are sent.
test::Buffer bytes_of(const MadeTitle& made, const mezz::package::FragmentPlan& plan) {
    test::Buffer bytes = plan.head;
    for (const auto& range : plan.ranges)
        bytes = test::join({bytes, test::range_of(made.file(0), range)});
    return bytes;
}

// The samples of an I-frame that was cut out of a file with the track's id.
std::vector<mezz::media::Sample> samples_of(const test::Buffer& bytes, const mezz::media::TrackView& track) {
    std::vector<mezz::media::Sample> found;
    mezz::media::BoxIterator boxes(bytes, 0);
    while (const auto box = boxes.next().value())
        if (box->type == mezz::media::fourcc("moof"))
            (void)mezz::media::read_fragment(*box, {.track_id = track->id}, bytes.size(), found).value();
    return found;
}

}  // namespace

static const char* playlists_list_each_key_frame() {
    const MadeTitle made = film();
    const Playlist ts = iframe_playlist(made, "36p", Format::hls);
    MEZZ_CHECK(ts.version == 4 && ts.vod && ts.ended && ts.iframes_only && ts.map.empty() && ts.target == 2);
    MEZZ_CHECK(ts.segments.size() == 7 && ts.segments[6].uri == "rev/36p_iframe_6.ts?token=a.b-c_d");
    MEZZ_CHECK(ts.segments[0].micros == 2000000 && ts.segments[6].micros == 1000000);
    const Playlist cmaf = iframe_playlist(made, "36p", Format::cmaf);
    MEZZ_CHECK(cmaf.version == 5 && cmaf.iframes_only && cmaf.map == "rev/36p_init.mp4?token=a.b-c_d");
    MEZZ_CHECK(cmaf.segments[1].uri == "rev/36p_iframe_1.m4s?token=a.b-c_d");
    return test::kFine;
}

static const char* durations_do_not_drift() {
    MadeTitle made;
    made.add(test::FileSpec{.tracks = {test::video_track(30 * 900, 60, 1001, 30000)}});
    made.build();
    const Playlist list = iframe_playlist(made, "36p", Format::cmaf);
    std::uint64_t sum = 0;
    for (std::size_t n = 0; n < list.segments.size(); ++n) {
        MEZZ_CHECK(sum == (n * 60 * 1001 * 1000000 + 15000) / 30000);
        sum += list.segments[n].micros;
    }
    MEZZ_CHECK(sum == 900900000 && list.segments.size() == 450);
    return test::kFine;
}

static const char* masters_name_the_playlists() {
    const MadeTitle made = film();
    for (const Format format : {Format::hls, Format::cmaf}) {
        const Playlist master = multivariant(made, format);
        MEZZ_CHECK(master.iframes.size() == 1 && master.variants.size() == 1);
        const auto& attributes = master.iframes[0].attributes;
        MEZZ_CHECK(attributes.at("CODECS") == made.track(made.rendition("36p")).codec_string());
        MEZZ_CHECK(attributes.at("RESOLUTION") == "64x36");
        MEZZ_CHECK(attributes.at("URI") ==
                   std::string(made.view().revision()) + "/36p_iframes.m3u8?token=a.b-c_d");
    }
    return test::kFine;
}

// A fragment of one sample, on the time line of the other segments, as long as it is shown.
static const char* pictures_are_fragments_of_their_own() {
    for (const bool of_worker : {false, true}) {
        const MadeTitle made = of_worker ? title_of(track_file({500, 700, 900, 1100}, true)) : film();
        const IFrameLine line(made.line("36p"));
        std::uint64_t bits = 0;
        for (std::uint32_t n = 0; n < line.count(); ++n) {
            const auto sample = picture(made, line, n);
            const auto plan = mezz::package::plan_iframe(line, sample, n).value();
            const test::Buffer bytes = bytes_of(made, plan);
            MEZZ_CHECK(bytes.size() == plan.size && plan.size == line.cmaf_size(n));
            const auto found = samples_of(bytes, line.track());
            MEZZ_CHECK(found.size() == 1 && found[0].sync && found[0].size == sample.size);
            MEZZ_CHECK(found[0].dts == line.start(n) && found[0].composition_offset == 0);
            MEZZ_CHECK(found[0].duration == line.duration(n));
            const mezz::ByteRange there{found[0].offset, found[0].size};
            const mezz::ByteRange source{sample.offset, sample.size};
            MEZZ_CHECK(test::range_of(bytes, there) == test::range_of(made.file(0), source));
            bits = std::max(
                bits, plan.size * 8 * line.track()->timescale / static_cast<std::uint64_t>(line.duration(n)));
        }
        const auto& rate = made.rendition("36p").iframes_cmaf;
        MEZZ_CHECK(rate.peak >= rate.average && rate.peak <= bits + 1 && rate.average > 0);
        MEZZ_CHECK(line.piece(line.count()).empty() && line.piece(~0U).empty());
    }
    return test::kFine;
}

// A file's pictures take exactly what its ssix says, so that bit rates need nothing else.
static const char* track_files_fill_up_to_ssix() {
    const MadeTitle made = title_of(track_file({500, 20000}, true));
    const IFrameLine line(made.line("36p"));
    for (std::uint32_t n = 0; n < 2; ++n)
        MEZZ_CHECK(line.cmaf_size(n) == line.track().pieces()[n].extra);
    MEZZ_CHECK(made.rendition("36p").iframes_cmaf.peak == line.cmaf_size(1) * 8);
    return test::kFine;
}

static const char* transport_sizes_are_exact() {
    for (const bool of_worker : {false, true}) {
        const MadeTitle made = of_worker ? title_of(track_file({500, 7000, 30000}, true)) : film();
        const IFrameLine line(made.line("36p"));
        for (std::uint32_t n = 0; n < line.count(); ++n) {
            auto sample = picture(made, line, n);
            sample.duration = 0;
            const std::vector samples{sample};
            const auto plan = mezz::package::TsPlan::make(
                mezz::package::TsVideoTrack{.timescale = line.track()->timescale,
                                            .parameter_sets = line.track().parameter_sets(),
                                            .samples = samples,
                                            .least_packets = line.least_ts_packets(n, sample)},
                std::nullopt, n);
            MEZZ_CHECK(plan && plan->size() == line.ts_size(n));
        }
    }
    return test::kFine;
}

// An ssix whose first level is more than a picture must not blow it up.
static const char* a_strange_ssix_adds_little() {
    const MadeTitle made = title_of(track_file({60000}, true));
    const IFrameLine line(made.line("36p"));
    auto sample = picture(made, line, 0);
    sample.size = 100;
    MEZZ_CHECK(mezz::package::plan_iframe(line, sample, 0)->size < 300);
    MEZZ_CHECK(line.least_ts_packets(0, sample) == 0);
    return test::kFine;
}

static const char* without_sizes_there_is_none() {
    const MadeTitle made = title_of(track_file({500, 700}, false));
    MEZZ_CHECK(!IFrameLine(made.line("36p")).is_complete());
    MEZZ_CHECK(made.rendition("36p").iframes_ts.peak == 0 &&
               multivariant(made, Format::cmaf).iframes.empty());
    MadeTitle sound;
    sound.add(test::FileSpec{.tracks = {test::audio_track(500)}});
    sound.build();
    MEZZ_CHECK(multivariant(sound, Format::hls).iframes.empty());
    return test::kFine;
}

static const char* the_manifest_has_a_set_for_trick_play() {
    const MadeTitle made = film();
    std::string text;
    mezz::package::write_manifest(made.view(), made.tracks(), kQuery, text);
    const std::size_t at =
        text.find("<EssentialProperty schemeIdUri=\"http://dashif.org/guidelines/trickmode\" value=\"0\"/>");
    MEZZ_CHECK(at != std::string::npos);
    const std::string set = text.substr(at, text.find("</AdaptationSet>", at) - at);
    MEZZ_CHECK(set.find("/36p_iframe_$Number$.m4s?token=a.b-c_d\"") != std::string::npos);
    MEZZ_CHECK(set.find("<S t=\"0\" d=\"180000\" r=\"5\"/><S d=\"90000\"/>") != std::string::npos);
    return test::kFine;
}

int main() {
    const CMUnitTest tests[] = {
        MEZZ_CHECKED(playlists_list_each_key_frame),
        MEZZ_CHECKED(durations_do_not_drift),
        MEZZ_CHECKED(masters_name_the_playlists),
        MEZZ_CHECKED(pictures_are_fragments_of_their_own),
        MEZZ_CHECKED(track_files_fill_up_to_ssix),
        MEZZ_CHECKED(transport_sizes_are_exact),
        MEZZ_CHECKED(a_strange_ssix_adds_little),
        MEZZ_CHECKED(without_sizes_there_is_none),
        MEZZ_CHECKED(the_manifest_has_a_set_for_trick_play),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
