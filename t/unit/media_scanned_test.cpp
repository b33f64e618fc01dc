#include <algorithm>

#include "check.hpp"
#include "cmaf_fixture.hpp"
#include "mp4_driver.hpp"
#include "text_track_fixture.hpp"

namespace test = mezz::test;
using mezz::Bytes;
using mezz::ErrorCode;
using mezz::media::FileIndexView;
using mezz::media::Layout;
using mezz::media::Sample;
using mezz::media::TrackView;
using test::Buffer;
using test::Fields;
using test::Frame;
using test::Reference;
using test::refused;
using test::scan;
using test::Traf;

namespace {

std::vector<Frame> gop(std::size_t count, bool sync = true) {
    std::vector<Frame> frames(count, Frame{9, 3600, 0, false});
    frames[0] = {40, 3600, 0, sync};
    return frames;
}

// A track file: GOPs of a second, with sidx and ssix before them.
struct TrackFile {
    Buffer bytes;
    Buffer head;
    Buffer index;
    Buffer media;
    std::vector<Reference> references;
    std::vector<Sample> samples;
};

TrackFile track_file(std::size_t count, std::uint32_t access_point = 0x90000000, Bytes between = {},
                     Traf form = {}, const std::string& brand = "cmfc") {
    TrackFile file;
    file.head = test::fragmented_head({test::video_track(0, 1)}, between, brand);
    const std::vector<Reference> blank(count, Reference{100, 90000, access_point});
    const std::uint64_t start =
        file.head.size() + test::sidx({.references = blank}).size() + test::ssix(blank, 1).size();
    for (std::size_t i = 0; i < count; ++i) {
        form.time = i * 90000;
        form.frames = gop(25);
        const Buffer part = test::fragment({form}, start + file.media.size(), 1, &file.samples);
        file.references.push_back({static_cast<std::uint32_t>(part.size()), 90000, access_point});
        file.media = test::join({file.media, part});
    }
    const Buffer heads = test::ssix(file.references, 200);
    file.index =
        test::join({test::sidx({.first_offset = heads.size(), .references = file.references}), heads});
    file.bytes = test::join({file.head, file.index, file.media});
    return file;
}

const char* check_pieces(const Buffer& file, TrackView track, const std::vector<Sample>& all) {
    std::size_t at = 0;
    for (std::uint32_t i = 0; i < track.piece_count(); ++i) {
        const auto some = test::read_pieces(file, track, i, i + 1);
        MEZZ_CHECK(some && some->size() <= all.size() - at);
        MEZZ_CHECK(std::ranges::equal(*some, std::span(all).subspan(at, some->size()), test::same));
        at += some->size();
    }
    const auto whole = test::read_pieces(file, track, 0, track.piece_count());
    MEZZ_CHECK(whole && at == all.size() && std::ranges::equal(*whole, all, test::same));
    return test::kFine;
}

// A file is the same if its fragments do not say when they begin, all of them or each third one.
const char* check_undated(const Buffer& file) {
    const auto dated = scan(file);
    MEZZ_CHECK(dated.has_value());
    for (const std::size_t step : {1U, 3U}) {
        const Buffer bytes = test::undated(file, step);
        const auto block = scan(bytes);
        MEZZ_CHECK(bytes != file && block && *block == *dated);
        const FileIndexView index(*block);
        for (std::uint32_t t = 0; t < index.track_count() + index.text_count(); ++t) {
            const bool text = t >= index.track_count();
            const TrackView track = text ? index.text(t - index.track_count()) : index.track(t);
            const auto all = test::read_pieces(file, track, 0, track.piece_count());
            MEZZ_CHECK(all.has_value());
            MEZZ_CHECK_ALL(check_pieces(bytes, track, *all));
        }
    }
    return test::kFine;
}

}  // namespace

static const char* pieces_from_an_index() {
    const TrackFile file = track_file(40);
    const auto block = scan(file.bytes);
    MEZZ_CHECK(block.has_value());
    const TrackView track = FileIndexView(*block).track(0);
    MEZZ_CHECK(track->layout == Layout::fragments && track.piece_count() == 40 &&
               track->init_bytes == file.head.size());
    MEZZ_CHECK(track->first_byte == file.bytes.size() - file.media.size() &&
               track->bytes == file.media.size());
    MEZZ_CHECK(track.pieces()[3].extra == 200 && track->end == 40 * 90000 && track->default_duration == 3600);
    MEZZ_CHECK(track->sample_count == 1000 && track.bytes_before(1) == file.references[0].bytes);
    return check_pieces(file.bytes, track, file.samples);
}

// Whatever of the index cannot be relied upon, the file is read as one without.
static const char* pieces_without_an_index() {
    const TrackFile file = track_file(4);
    const TrackFile no_access = track_file(4, 0);
    const TrackFile foreign = track_file(4, 0x90000000, test::box("uuid", Fields().zeros(16)));
    const TrackFile no_cmaf = track_file(4, 0x90000000, {}, {}, "iso6");
    const TrackFile absolute = track_file(4, 0x90000000, {}, {.head_flags = 1});
    const TrackFile two_runs = track_file(4, 0x90000000, {}, {.runs = 2});
    const Buffer junk = test::join({file.bytes, test::box("mfra", Fields().zeros(8)), Fields().u24(0)});
    for (const Buffer& bytes :
         {no_access.bytes, foreign.bytes, no_cmaf.bytes, absolute.bytes, two_runs.bytes, junk}) {
        const auto block = scan(bytes);
        MEZZ_CHECK(block.has_value());
        const TrackView track = FileIndexView(*block).track(0);
        MEZZ_CHECK(track->layout == Layout::scanned && track.piece_count() == 4 &&
                   track->sample_count == 100);
        MEZZ_CHECK(track->bytes == 4 * (40 + 24 * 9) && track->end == 360000 && track->init_bytes == 0);
    }
    const auto block = scan(junk);
    MEZZ_CHECK(block.has_value());
    return check_pieces(junk, FileIndexView(*block).track(0), file.samples);
}

static const char* an_index_of_indexes_is_passed_over() {
    TrackFile file = track_file(4);
    file.references[1].index = true;
    const Buffer heads = test::ssix(file.references, 200);
    const Buffer index = test::sidx({.first_offset = heads.size(), .references = file.references});
    const auto block = scan(test::join({file.head, index, heads, file.media}));
    MEZZ_CHECK(block && FileIndexView(*block).track(0)->layout == Layout::scanned);
    return test::kFine;
}

// Fragments of both tracks, cut without regard to key frames.
static const char* pieces_of_interleaved_tracks() {
    Buffer bytes = test::fragmented_head({test::video_track(0, 1), test::audio_track(0)});
    std::vector<Sample> video;
    std::vector<Sample> audio;
    for (std::uint64_t i = 0; i < 30; ++i) {  // 10 frames each, a key frame each 25
        Traf v{.time = i * 36000, .frames = gop(10, false)};
        for (std::uint64_t k = 0; k < 10; ++k)
            v.frames[k].sync = (i * 10 + k) % 25 == 0;
        Traf a{
            .track_id = 2, .time = i * 17 * 1024, .frames = std::vector<Frame>(17, Frame{5, 1024, 0, true})};
        const std::uint64_t position = bytes.size();
        (void)test::fragment({v, a}, position, 2, &audio);
        bytes = test::join({bytes, test::fragment({v, a}, position, 1, &video)});
    }
    const auto block = scan(bytes);
    MEZZ_CHECK(block.has_value());
    const FileIndexView index(*block);
    MEZZ_CHECK(index.track_count() == 2 && index.track(0).piece_count() == 12 &&
               index.track(1).piece_count() == 12);
    MEZZ_CHECK_ALL(check_pieces(bytes, index.track(0), video));
    MEZZ_CHECK_ALL(check_undated(bytes));
    return check_pieces(bytes, index.track(1), audio);
}

// Pictures that are shown in another order, an edit list that begins between two key frames, sound and text
// that are moved with them.
static const char* fragments_without_times() {
    test::TrackSpec pictures = test::video_track(0, 1);
    pictures.edits = {{0, 30 * 3600}};
    test::TrackSpec text = test::audio_track(0);
    text.id = 3;
    text.timescale = 1000;
    text.entry = test::tx3g_entry();
    Buffer bytes = test::fragmented_head({pictures, test::audio_track(0), text});
    for (std::uint64_t i = 0; i < 12; ++i) {
        const std::vector<Frame> words(300, Frame{2, 20, 0, true});
        const Traf t{.track_id = 3, .time = i * 6000, .frames = words};
        Traf v{.time = i * 36000, .frames = gop(10, i % 2 == 0)};
        for (std::size_t k = 0; k < v.frames.size(); ++k)
            v.frames[k].offset = k % 2 == 0 ? 3600 : 7200;
        const Traf a{
            .track_id = 2, .time = i * 17 * 1024, .frames = std::vector<Frame>(17, Frame{5, 1024, 0, true})};
        bytes = test::join({bytes, test::fragment({t, v, a}, bytes.size())});
    }
    const auto block = scan(bytes);
    MEZZ_CHECK(block && FileIndexView(*block).track_count() == 2);
    MEZZ_CHECK(FileIndexView(*block).text_count() == 1 && FileIndexView(*block).text(0).piece_count() == 4);
    return check_undated(bytes);
}

// What is sent as it is must say when it begins: so the first fragment decides.
static const char* an_index_of_fragments_without_times() {
    const TrackFile file = track_file(4);
    const auto block = scan(test::undated(file.bytes));
    MEZZ_CHECK(block && FileIndexView(*block).track(0)->layout == Layout::scanned);
    MEZZ_CHECK_ALL(check_pieces(test::undated(file.bytes), FileIndexView(*block).track(0), file.samples));
    const Buffer mixed = test::undated(file.bytes, 2);
    const auto index = scan(mixed);
    MEZZ_CHECK(index && FileIndexView(*index).track(0)->layout == Layout::fragments);
    const TrackView track = FileIndexView(*index).track(0);
    MEZZ_CHECK(test::read_pieces(mixed, track, 0, 1).has_value());
    MEZZ_CHECK(refused(test::read_pieces(mixed, track, 1, 2), ErrorCode::bad_media, "traf: tfdt is missing"));
    return test::kFine;
}

// A second track that cannot be packaged lies in the same byte ranges.
static const char* byte_ranges_are_for_one_track_only() {
    test::TrackSpec other = test::audio_track(0);
    other.entry = test::box("ac-3", Fields().zeros(28));
    const TrackFile file = track_file(3);
    const Buffer head = test::fragmented_head({test::video_track(0, 1), other});
    const auto block = scan(test::join(
        {head, file.index, test::fragment({{.frames = gop(25)}}, head.size() + file.index.size())}));
    MEZZ_CHECK(block && FileIndexView(*block).track(0)->layout == Layout::scanned);
    return test::kFine;
}

// A group of pictures that begins in moov's tables may end in a fragment.
static const char* samples_in_moov_and_in_fragments() {
    Fields extends;
    for (const std::uint32_t id : {1U, 2U})
        extends.add(test::full_box("trex", 0, 0, Fields().u32(id).u32(1).u32(0).u32(0).u32(0)));
    const test::FileSpec spec{.tracks = {test::video_track(60, 25), test::audio_track(90)},
                              .extends = test::box("mvex", extends)};
    const test::Mp4File moov = test::make_mp4(spec);
    std::vector<Sample> video = moov.samples[0];
    std::vector<Sample> audio = moov.samples[1];
    Buffer bytes = moov.bytes;
    for (std::uint64_t i = 0; i < 3; ++i) {
        const Traf v{.time = (60 + i * 15) * 3600, .frames = gop(15, i == 1)};
        const Traf a{.track_id = 2,
                     .time = (90 + i * 26) * 1024,
                     .frames = std::vector<Frame>(26, {5, 1024, 0, true})};
        const std::uint64_t position = bytes.size();
        (void)test::fragment({v, a}, position, 2, &audio);
        bytes = test::join({bytes, test::fragment({v, a}, position, 1, &video)});
    }
    const auto block = scan(bytes);
    MEZZ_CHECK(block.has_value());
    const FileIndexView index(*block);
    MEZZ_CHECK(index.track_count() == 2 && index.track(0)->layout == Layout::scanned);
    MEZZ_CHECK(index.track(0).piece_count() == 4 && index.track(0)->sample_count == 105 &&
               index.track(0)->end == 105 * 3600);
    MEZZ_CHECK_ALL(check_pieces(bytes, index.track(0), video));
    MEZZ_CHECK_ALL(check_pieces(bytes, index.track(1), audio));
    MEZZ_CHECK_ALL(check_undated(bytes));
    // No fragment came: the tables are all.
    const auto tables = scan(moov.bytes);
    MEZZ_CHECK(tables && FileIndexView(*tables).track(0)->layout == Layout::sample_tables);
    return check_pieces(moov.bytes, FileIndexView(*tables).track(0), moov.samples[0]);
}

// SAP type 3 (Annex I): what follows the first picture may need the subsegment before.
static const char* open_subsegments() {
    const TrackFile file = track_file(4, 0xB0000000);
    const auto block = scan(file.bytes);
    MEZZ_CHECK(block.has_value());
    const TrackView track = FileIndexView(*block).track(0);
    MEZZ_CHECK(track->layout == Layout::fragments && !track.is_open(0) && track.is_open(1) &&
               track.is_open(3));
    return test::kFine;
}

static const char* refuses_broken_fragmented_files() {
    const TrackFile file = track_file(3);
    MEZZ_CHECK(refused(scan(file.head), ErrorCode::bad_media, "moof: not found"));
    MEZZ_CHECK(refused(scan(Bytes(file.bytes).first(file.bytes.size() - 5)), ErrorCode::bad_media,
                       "trun: sample lies beyond"));
    const Buffer late =
        test::join({file.head, test::fragment({{.frames = gop(5, false)}}, file.head.size())});
    MEZZ_CHECK(refused(scan(late), ErrorCode::bad_media, "stss: no sync sample"));
    Fields runs;
    for (int i = 0; i < 3; ++i)
        runs.add(test::full_box("trun", 0, 0, Fields().u32(300000)));
    const Buffer traf = test::box("traf", test::join({test::full_box("tfhd", 0, 0x20000, Fields().u32(1)),
                                                      test::full_box("tfdt", 0, 0, Fields().u32(0)), runs}));
    MEZZ_CHECK(refused(scan(test::join({file.head, test::box("moof", traf)})), ErrorCode::too_large,
                       "moof: samples are over"));
    return test::kFine;
}

int main() {
    const CMUnitTest tests[] = {MEZZ_CHECKED(pieces_from_an_index),
                                MEZZ_CHECKED(pieces_without_an_index),
                                MEZZ_CHECKED(an_index_of_indexes_is_passed_over),
                                MEZZ_CHECKED(pieces_of_interleaved_tracks),
                                MEZZ_CHECKED(fragments_without_times),
                                MEZZ_CHECKED(an_index_of_fragments_without_times),
                                MEZZ_CHECKED(byte_ranges_are_for_one_track_only),
                                MEZZ_CHECKED(samples_in_moov_and_in_fragments),
                                MEZZ_CHECKED(open_subsegments),
                                MEZZ_CHECKED(refuses_broken_fragmented_files)};
    return cmocka_run_group_tests_name("scanned", tests, nullptr, nullptr);
}
