#include "package/fmp4.hpp"

#include <algorithm>
#include <random>

#include "check.hpp"
#include "cmaf_fixture.hpp"
#include "media/fragment.hpp"
#include "title_fixture.hpp"

namespace test = mezz::test;
using mezz::ByteRange;
using mezz::Bytes;
using mezz::ErrorCode;
using mezz::media::FileIndexView;
using mezz::media::fourcc;
using mezz::media::Sample;
using mezz::media::TrackKind;
using mezz::media::TrackView;
using mezz::package::FragmentPlan;
using mezz::package::plan_fragment;
using mezz::package::write_init_segment;
using test::Buffer;
using test::Fields;

namespace {

// A track and its samples.
struct Packaged {
    Buffer file;
    Buffer block;
    std::vector<Sample> samples;
    [[nodiscard]] TrackView track() const { return FileIndexView(block).track(0); }
};

Packaged packaged(const test::TrackSpec& spec) {
    Packaged out{.file = test::make_mp4({.tracks = {spec}}).bytes, .block = {}, .samples = {}};
    out.block = test::scan(out.file).value();
    out.samples = test::read_pieces(out.file, out.track(), 0, out.track().piece_count()).value();
    return out;
}

// The whole segment, its samples copied from the file.
Buffer segment_of(const FragmentPlan& plan, Bytes file) {
    Buffer out = plan.head;
    for (const ByteRange& range : plan.ranges) {
        const Buffer part = test::range_of(file, range);
        out.insert(out.end(), part.begin(), part.end());
    }
    return out;
}

std::vector<Sample> read_back(Bytes segment, std::uint32_t track_id) {
    const auto header = mezz::media::read_box_header(segment, 0, segment.size()).value();
    std::vector<Sample> samples;
    const auto size = static_cast<std::size_t>(header.payload_size());
    const auto ok = mezz::media::read_fragment({header.type, 0, 8, segment.subspan(8, size)},
                                               {.track_id = track_id}, segment.size(), samples);
    return ok ? samples : std::vector<Sample>();
}

Bytes data_of(Bytes file, const Sample& sample) {
    return file.subspan(static_cast<std::size_t>(sample.offset), sample.size);
}

// The fragment must show what the samples say: same bytes at the same presentation times, decode times ≥ 0.
// `hidden` is what the header's edit list takes off.
const char* shows_the_same(const Packaged& in, std::span<const Sample> samples, std::int64_t hidden) {
    const auto plan = plan_fragment(in.track(), samples, 6);
    MEZZ_CHECK(plan.has_value());
    const Buffer segment = segment_of(*plan, in.file);
    MEZZ_CHECK(segment.size() == plan->size);
    const auto moof = mezz::media::read_box_header(segment, 0, segment.size());
    MEZZ_CHECK(moof && moof->type == fourcc("moof"));
    const auto mdat = mezz::media::read_box_header(
        Bytes(segment).subspan(static_cast<std::size_t>(moof->size)), moof->size, segment.size());
    MEZZ_CHECK(mdat && mdat->type == fourcc("mdat") && mdat->end() == segment.size() &&
               moof->size + 8 == plan->head.size());
    const auto read = read_back(segment, in.track()->id);
    MEZZ_CHECK(read.size() == samples.size() && read[0].dts >= 0);
    for (std::size_t i = 0; i < read.size(); ++i) {
        const std::int64_t shown = read[i].dts + read[i].composition_offset - hidden;
        MEZZ_CHECK(shown == samples[i].dts + samples[i].composition_offset);
        MEZZ_CHECK(read[i].sync == samples[i].sync && read[i].size == samples[i].size);
        MEZZ_CHECK(std::ranges::equal(data_of(segment, read[i]), data_of(in.file, samples[i])));
    }
    return test::kFine;
}

const char* shows_all(const test::TrackSpec& spec, std::int64_t hidden = 0) {
    const Packaged in = packaged(spec);
    return shows_the_same(in, in.samples, hidden);
}

test::TrackSpec reordered(std::int32_t first_offset) {
    test::TrackSpec track = test::video_track(50, 25);
    for (std::size_t i = 0; i < 50; ++i)
        track.frames[i].offset = first_offset + (i % 3 == 1 ? 3600 : i % 3 == 2 ? -3600 : 0);
    return track;
}

}  // namespace

static const char* a_fragment_reads_back() {
    MEZZ_CHECK_ALL(shows_all(test::video_track(50, 25)));
    MEZZ_CHECK_ALL(shows_all(test::video_track(1, 1)));
    MEZZ_CHECK_ALL(shows_all(test::video_track(7, 7)));
    MEZZ_CHECK_ALL(shows_all(test::audio_track(40)));
    test::TrackSpec uneven = test::video_track(50, 25);
    uneven.frames[11].duration = 4000;
    uneven.frames[13].size = 0;
    return shows_all(uneven);
}

static const char* composition_offsets_below_0() {
    MEZZ_CHECK_ALL(shows_all(reordered(0)));
    test::TrackSpec edited = reordered(7200);
    edited.edits = {{2000, 7200}};
    const Packaged in = packaged(edited);
    MEZZ_CHECK(in.samples[0].dts == -7200);
    const auto plan = plan_fragment(in.track(), in.samples, 0);
    MEZZ_CHECK(plan && read_back(segment_of(*plan, in.file), 1)[0].dts == 0);
    MEZZ_CHECK_ALL(shows_all(edited));
    edited.edits = {{500, -1}, {2000, 7200}};
    MEZZ_CHECK_ALL(shows_all(edited));
    return shows_all(reordered(7200));
}

static const char* priming_is_left_to_the_edit_list() {
    test::TrackSpec audio = test::audio_track(40);
    audio.edits = {{0, 2112}};
    MEZZ_CHECK_ALL(shows_all(audio, 2112));
    audio.edits = {{20, -1}, {0, 2112}};  // of the priming, 882 ticks sound before the start
    MEZZ_CHECK_ALL(shows_all(audio, 2112 - 882));
    audio.edits = {{700, -1}, {0, 2112}};  // it all comes before the delayed start, and before it silence
    return shows_all(audio, 29 * 1024 - (30870 - 2112));
}

static const char* flags_of_any_pattern() {
    std::mt19937 random(5);
    for (int round = 0; round < 60; ++round) {
        test::TrackSpec track = test::video_track(8, 1);
        for (std::size_t i = 1; i < 8; ++i)
            track.frames[i].sync = random() % 3 == 0;
        MEZZ_CHECK_ALL(shows_all(track));
    }
    return test::kFine;
}

// From a broken recording: a gap, then decode times that overlap. A run has neither.
static const char* gaps_and_overlaps() {
    const Packaged in = packaged(test::video_track(50, 25));
    std::vector<Sample> samples(in.samples.begin(), in.samples.begin() + 25);
    for (std::size_t i = 10; i < 25; ++i)
        samples[i].dts += i < 18 ? 90000 : 80000;
    MEZZ_CHECK_ALL(shows_the_same(in, samples, 0));
    const auto plan = plan_fragment(in.track(), samples, 0);
    MEZZ_CHECK(plan.has_value());
    const auto read = read_back(segment_of(*plan, in.file), 1);
    for (std::size_t i = 0; i < 18; ++i)
        MEZZ_CHECK(read[i].dts == samples[i].dts);
    MEZZ_CHECK(read[18].dts == samples[17].dts && read[24].dts == samples[24].dts);
    return test::kFine;
}

// The usual GOP: the first sample's flags stand once, and nothing that is the same for all.
static const char* heads_are_as_small_as_announced() {
    test::TrackSpec reordering = test::video_track(50, 25);
    for (std::size_t i = 0; i < 50; ++i)
        reordering.frames[i].offset = i % 2 == 0 ? 7200 : 3600;
    test::TrackSpec delayed = test::video_track(50, 25);
    for (test::Frame& frame : delayed.frames)
        frame.offset = 3600;
    delayed.edits = {{2000, 3600}};
    test::TrackSpec uneven = test::video_track(100, 25);
    uneven.frames[30].duration = 4000;
    uneven.frames[99].duration = 9000;
    for (const auto& spec : {reordering, delayed, uneven, test::video_track(50, 25), test::audio_track(60)}) {
        const Packaged in = packaged(spec);
        for (std::uint32_t i = 0; i < in.track().piece_count(); ++i) {
            const auto samples = test::read_pieces(in.file, in.track(), i, i + 1);
            const auto plan = plan_fragment(in.track(), *samples, 0);
            MEZZ_CHECK(plan &&
                       plan->head.size() == mezz::package::fragment_head_size(in.track(), {i, i + 1}));
        }
    }
    return test::kFine;
}

static const char* sound_is_not_reordered() {
    test::TrackSpec odd = test::audio_track(60);
    odd.frames[0].offset = 1024;
    const Packaged in = packaged(odd);
    MEZZ_CHECK(in.samples[0].composition_offset == 0 && in.track().piece_time(0) == 0);
    for (test::Frame& frame : odd.frames)
        frame.offset = 1024;  // a delay of all
    const Packaged late = packaged(odd);
    MEZZ_CHECK(late.samples[0].composition_offset == 1024 && late.samples[9].composition_offset == 1024);
    return test::kFine;
}

static const char* neighbours_become_one_range() {
    test::TrackSpec track = test::video_track(50, 25);
    track.chunks = {50};
    const Packaged joined = packaged(track);
    const auto one = plan_fragment(joined.track(), joined.samples, 0);
    MEZZ_CHECK(one && one->ranges.size() == 1 && one->ranges[0].offset == joined.samples[0].offset);
    MEZZ_CHECK(one->ranges[0].end() == joined.samples[49].offset + joined.samples[49].size);
    const test::Mp4File two = test::make_mp4({.tracks = {test::video_track(50, 25), test::audio_track(70)}});
    const Buffer block = test::scan(two.bytes).value();
    const TrackView view = FileIndexView(block).track(0);
    const auto samples = test::read_pieces(two.bytes, view, 0, 2);
    const auto apart = plan_fragment(view, *samples, 0);
    MEZZ_CHECK(apart && apart->ranges.size() == 10);  // chunks of five samples
    return test::kFine;
}

static const char* too_much_for_one_segment() {
    const Packaged in = packaged(test::video_track(2, 2));
    std::vector<Sample> samples = in.samples;
    samples[0].size = UINT32_MAX;
    MEZZ_CHECK(
        test::refused(plan_fragment(in.track(), samples, 0), ErrorCode::too_large, "segment: over 4 GiB"));
    test::TrackSpec edited = reordered(7200);
    edited.edits = {{2000, 7200}};
    const Packaged early = packaged(edited);
    samples = early.samples;
    samples[1].composition_offset = INT32_MIN;
    MEZZ_CHECK(
        test::refused(plan_fragment(early.track(), samples, 0), ErrorCode::unsupported, "elst: media time"));
    return test::kFine;
}

static const char* check_init(const test::TrackSpec& spec) {
    const Packaged in = packaged(spec);
    const Buffer init = write_init_segment(in.track());
    const auto ftyp = mezz::media::read_box_header(init, 0, init.size());
    MEZZ_CHECK(ftyp && ftyp->type == fourcc("ftyp"));
    const Bytes rest = Bytes(init).subspan(static_cast<std::size_t>(ftyp->size));
    const auto moov = mezz::media::read_box_header(rest, ftyp->size, init.size());
    MEZZ_CHECK(moov && moov->type == fourcc("moov") && moov->end() == init.size());
    const auto movie = mezz::media::parse_movie(rest.subspan(8), ftyp->size, 8);
    MEZZ_CHECK(movie && movie->fragmented && movie->track_count == 1 && movie->tracks.size() == 1);
    const auto& track = movie->tracks[0];
    const TrackView source = in.track();
    MEZZ_CHECK(track.kind == source->kind && track.id == source->id && track.timescale == source->timescale);
    MEZZ_CHECK(std::ranges::equal(track.config, source.config()) && track.language == source->language);
    MEZZ_CHECK(track.tables.format.sample_count == 0 && track.tables.chunk_offsets.count == 0);
    const bool video = track.kind == TrackKind::video;
    MEZZ_CHECK(track.edit_shift == (video ? 0 : -source->priming));
    MEZZ_CHECK(track.width == source->width && track.height == source->height);
    MEZZ_CHECK(track.pixel_aspect_h * source->pixel_aspect_v ==
               track.pixel_aspect_v * source->pixel_aspect_h);
    const auto& color = track.details.color;
    MEZZ_CHECK(color.boxed == source->color.boxed && color.transfer == source->color.transfer &&
               color.range == source->color.range && (!video || track.matrix == source->matrix));
    return test::kFine;
}

static const char* init_segments_describe_the_track() {
    test::TrackSpec video = test::video_track(50, 25);
    video.id = 5;
    video.edits = {{0, 3600}};
    MEZZ_CHECK_ALL(check_init(video));
    video.entry = test::avc_entry(
        test::join({test::box("pasp", Fields().u32(8).u32(3)),
                    test::box("colr", Fields().text("nclx").u16(9).u16(16).u16(9).u8(0x80))}));
    MEZZ_CHECK_ALL(check_init(video));
    test::TrackSpec audio = test::audio_track(50, 3);
    audio.language = "deu";
    MEZZ_CHECK_ALL(check_init(audio));
    audio.edits = {{0, 2112}};
    return check_init(audio);
}

// Configurations of 105 bytes and more need lengths of two bytes in esds.
static const char* long_audio_configurations() {
    for (const std::size_t size : {2U, 90U, 104U, 105U, 106U, 110U}) {
        test::TrackSpec audio = test::audio_track(5);
        Fields config;
        config.u16(0x1210).zeros(size - 2);
        const Buffer esds = Fields()
                                .u32(0)
                                .u8(3)
                                .u8(21 + size < 128 ? 0x80 : 0x81)
                                .u8((21 + size) & 0x7F)
                                .u16(1)
                                .u8(0)
                                .u8(4)
                                .u8(15 + size < 128 ? 0x80 : 0x81)
                                .u8((15 + size) & 0x7F)
                                .u8(0x40)
                                .u8(0x15)
                                .zeros(11)
                                .u8(5)
                                .u8(size)
                                .add(config);
        audio.entry = test::box("mp4a", Fields().zeros(28).add(test::box("esds", esds)));
        MEZZ_CHECK_ALL(check_init(audio));
    }
    return test::kFine;
}

int main() {
    const CMUnitTest tests[] = {MEZZ_CHECKED(a_fragment_reads_back),
                                MEZZ_CHECKED(composition_offsets_below_0),
                                MEZZ_CHECKED(priming_is_left_to_the_edit_list),
                                MEZZ_CHECKED(flags_of_any_pattern),
                                MEZZ_CHECKED(gaps_and_overlaps),
                                MEZZ_CHECKED(heads_are_as_small_as_announced),
                                MEZZ_CHECKED(sound_is_not_reordered),
                                MEZZ_CHECKED(neighbours_become_one_range),
                                MEZZ_CHECKED(too_much_for_one_segment),
                                MEZZ_CHECKED(init_segments_describe_the_track),
                                MEZZ_CHECKED(long_audio_configurations)};
    return cmocka_run_group_tests_name("fmp4", tests, nullptr, nullptr);
}
