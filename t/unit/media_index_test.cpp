#include "media/file_index.hpp"

#include <algorithm>

#include "check.hpp"
#include "mp4_driver.hpp"
#include "mp4_fixture.hpp"

namespace test = mezz::test;
using mezz::ErrorCode;
using mezz::media::FileIndexView;
using mezz::media::Layout;
using mezz::media::TrackKind;
using mezz::media::TrackView;
using test::Buffer;
using test::refused;
using test::TrackSpec;

namespace {

mezz::Result<Buffer> index_of(std::vector<TrackSpec> tracks) {
    return test::scan(test::make_mp4({.tracks = std::move(tracks)}).bytes);
}

// The piece nearest to a time by looking at each; the earlier of two.
std::uint32_t nearest_by_looking(TrackView track, std::int64_t time) {
    std::uint32_t best = 0;
    for (std::uint32_t i = 1; i <= track.piece_count(); ++i)
        if (std::abs(track.piece_time(i) - time) < std::abs(track.piece_time(best) - time)) best = i;
    return best;
}

const char* check_sums(TrackView track) {
    std::int64_t time = track.piece_time(0);
    std::uint64_t bytes = 0;
    for (std::uint32_t i = 0; i < track.piece_count(); ++i) {
        MEZZ_CHECK(track.piece_time(i) == time && track.bytes_before(i) == bytes);
        time += track.pieces()[i].duration;
        bytes += track.pieces()[i].bytes;
    }
    MEZZ_CHECK(track.piece_time(track.piece_count()) == time && track->end == time && track->bytes == bytes);
    return test::kFine;
}

}  // namespace

static const char* pieces_are_gops() {
    const auto block = index_of({test::video_track(60, 25)});
    MEZZ_CHECK(block.has_value());
    const FileIndexView index(*block);
    MEZZ_CHECK(index.track_count() == 1 && index.header().size == block->size());
    const TrackView track = index.track(0);
    MEZZ_CHECK(track->kind == TrackKind::video && track->layout == Layout::sample_tables && track->id == 1);
    MEZZ_CHECK(track.piece_count() == 3 && track.pieces()[0].duration == 90000 &&
               track.pieces()[2].duration == 36000);
    MEZZ_CHECK(track->end == 216000 && track->sample_count == 60 && track->default_duration == 3600);
    MEZZ_CHECK(track.codec_string() == "avc1.42c01e" &&
               std::ranges::equal(track.config(), test::avc_config()));
    MEZZ_CHECK(std::ranges::equal(track.parameter_sets(), test::annex_b_sets()));
    return check_sums(track);
}

static const char* finds_pieces_among_hundreds() {
    TrackSpec video = test::video_track(0, 1);
    for (std::uint32_t i = 0; i < 3000; ++i)  // GOPs of 5 to 8 uneven frames
        video.frames.push_back({1, 9000 + i % 7 * 1000, 0, i % (5 + i / 1000) == 0});
    const auto block = index_of({video, test::audio_track(9000)});
    MEZZ_CHECK(block.has_value());
    for (std::uint32_t t = 0; t < 2; ++t) {
        const TrackView track = FileIndexView(*block).track(t);
        MEZZ_CHECK(track.piece_count() > 200);
        MEZZ_CHECK_ALL(check_sums(track));
        mezz::media::PieceWalk walk(track);
        for (std::int64_t time = -50000; time < track->end + 50000; time += track->end / 997) {
            const std::uint32_t piece = track.nearest_piece(time);
            MEZZ_CHECK(piece == nearest_by_looking(track, time));
            const auto found = walk.nearest(time);
            MEZZ_CHECK(found.piece == piece && found.time == track.piece_time(piece));
        }
        for (std::uint32_t i = 0; i <= track.piece_count(); ++i) {
            MEZZ_CHECK(track.nearest_piece(track.piece_time(i)) == i);
            MEZZ_CHECK(track.nearest_piece(track.piece_time(i) + 1) == i);
        }
        MEZZ_CHECK(track.nearest_piece(INT64_MIN / 4) == 0);
        MEZZ_CHECK(track.nearest_piece(INT64_MAX / 4) == track.piece_count());
    }
    return test::kFine;
}

static const char* of_two_as_near_the_earlier() {
    const auto block = index_of({test::video_track(75, 25)});
    MEZZ_CHECK(block.has_value());
    const TrackView track = FileIndexView(*block).track(0);
    MEZZ_CHECK(track.nearest_piece(45000) == 0 && track.nearest_piece(45001) == 1);
    MEZZ_CHECK(track.nearest_piece(225000) == 2 && track.nearest_piece(225001) == 3);
    return test::kFine;
}

// Whole half seconds: a film of key frames only has no piece a frame.
static const char* pieces_are_half_a_second_apart() {
    const auto block = index_of({test::video_track(100, 1)});
    MEZZ_CHECK(block.has_value());
    const TrackView track = FileIndexView(*block).track(0);
    MEZZ_CHECK(track.piece_count() == 8 && track.piece_time(1) == 46800 && track.piece_time(2) == 90000);
    return check_sums(track);
}

static const char* audio_is_cut_where_video_is() {
    TrackSpec video = test::video_track(100, 25);
    const auto block =
        index_of({test::audio_track(180), video});  // audio first in the file, last in the index
    MEZZ_CHECK(block.has_value());
    const FileIndexView index(*block);
    MEZZ_CHECK(index.track(0)->kind == TrackKind::video && index.track(1)->kind == TrackKind::audio);
    const TrackView audio = index.track(1);
    MEZZ_CHECK(audio.piece_count() == 4 && audio->timescale == 44100 && audio->audio.channels == 2);
    for (std::uint32_t i = 1; i < 4; ++i) {
        const std::int64_t off = audio.piece_time(i) - std::int64_t{i} * 44100;
        MEZZ_CHECK(off >= -512 && off <= 512 && audio.piece_time(i) % 1024 == 0);
    }
    return check_sums(audio);
}

static const char* audio_alone_is_cut_each_second() {
    TrackSpec track = test::audio_track(430);  // 9.985 s
    const auto block = index_of({track});
    MEZZ_CHECK(block.has_value());
    MEZZ_CHECK(FileIndexView(*block).track(0).piece_count() == 10);
    track.edits = {{100000, -1}, {0, 0}};  // also if it begins after 100 s
    const auto late = index_of({track});
    MEZZ_CHECK(late.has_value());
    const TrackView view = FileIndexView(*late).track(0);
    MEZZ_CHECK(view.piece_time(0) == 4410000 && view.piece_count() >= 10);
    return test::kFine;
}

static const char* presentation_follows_reordering() {
    TrackSpec track = test::video_track(50, 25);
    for (std::size_t i = 0; i < 50; ++i)
        track.frames[i].offset = i % 25 % 2 == 1 ? 10800 : 7200 - (i % 25 == 0 ? 0 : 3600);
    track.edits = {{2000, 7200}};
    const auto block = index_of({track});
    MEZZ_CHECK(block.has_value());
    const TrackView view = FileIndexView(*block).track(0);
    MEZZ_CHECK(view->edit_shift == -7200 && view->priming == 7200);
    MEZZ_CHECK(view.piece_time(0) == 0 && view.piece_time(1) == 90000);
    MEZZ_CHECK(view->end >= 180000 && view->end <= 183600);
    return test::kFine;
}

// Pictures after a key frame that are shown before it need the group of pictures before.
static const char* open_groups_of_pictures() {
    const auto block = index_of({test::open_track(125, 25, {1, 3})});
    MEZZ_CHECK(block.has_value());
    const TrackView view = FileIndexView(*block).track(0);
    MEZZ_CHECK(view.piece_count() == 5);
    for (const std::uint32_t i : {0U, 1U, 2U, 3U, 4U})
        MEZZ_CHECK(view.is_open(i) == (i == 1 || i == 3));
    return check_sums(view);
}

static const char* sound_after_the_pictures_is_cut_each_second() {
    const auto block = index_of({test::video_track(100, 25), test::audio_track(431)});  // 4 s, 10 s
    MEZZ_CHECK(block.has_value());
    const TrackView view = FileIndexView(*block).track(1);
    MEZZ_CHECK(view.piece_count() == 10 && std::abs(view.piece_time(4) - 4 * 44100) <= 512 &&
               std::abs(view.piece_time(7) - 7 * 44100) <= 512);
    return check_sums(view);
}

// An edit list that begins between key frames: the title begins with the key frame, and audio as much
// earlier.
static const char* titles_begin_with_a_key_frame() {
    TrackSpec video = test::video_track(100, 25);
    video.edits = {{0, 36000}};
    TrackSpec audio = test::audio_track(180);
    audio.edits = {{0, 17640}};  // the same 0.4 s
    const auto block = index_of({video, audio});
    MEZZ_CHECK(block.has_value());
    const FileIndexView index(*block);
    MEZZ_CHECK(index.track(0).piece_time(0) == 0 && index.track(0)->end == 360000 &&
               index.track(0)->edit_shift == 0);
    MEZZ_CHECK(index.track(1).piece_time(0) == 0 && index.track(1)->edit_shift == 0);
    return test::kFine;
}

// What was trimmed away in the edit list is not shown again, but for the pictures since the last key frame
// before.
static const char* trimmed_pieces_stay_before_the_title() {
    TrackSpec video = test::video_track(100, 25);
    video.edits = {{0, 225000}};  // in the third of four GOPs of a second each
    const auto block = index_of({video});
    MEZZ_CHECK(block.has_value());
    const TrackView view = FileIndexView(*block).track(0);
    MEZZ_CHECK(view.piece_count() == 4 && view.piece_time(0) == -180000 && view.piece_time(2) == 0);
    MEZZ_CHECK(view->end == 180000);
    return test::kFine;
}

// Without an edit list the pictures begin at 0 all the same.
static const char* reordering_without_edit_list() {
    TrackSpec track = test::video_track(50, 25);
    for (test::Frame& frame : track.frames)
        frame.offset = 7200;
    const auto block = index_of({track});
    MEZZ_CHECK(block.has_value());
    const TrackView view = FileIndexView(*block).track(0);
    MEZZ_CHECK(view.piece_time(0) == 0 && view->edit_shift == -7200 && view->end == 180000);
    return test::kFine;
}

static const char* samples_before_the_first_sync_are_dropped() {
    TrackSpec track = test::video_track(50, 25);
    track.frames[0].sync = false;
    const test::Mp4File file = test::make_mp4({.tracks = {track}});
    const auto block = test::scan(file.bytes);
    MEZZ_CHECK(block.has_value());
    const TrackView view = FileIndexView(*block).track(0);
    MEZZ_CHECK(view.piece_count() == 1 && view.piece_time(0) == 90000 && view->sample_count == 25);
    const auto samples = test::read_pieces(file.bytes, view, 0, 1);
    MEZZ_CHECK(samples && samples->size() == 25 && samples->front().sync);
    track.frames[25].sync = false;
    MEZZ_CHECK(refused(index_of({track}), ErrorCode::bad_media, "stss: no sync sample"));
    return test::kFine;
}

static const char* refuses_impossible_times() {
    TrackSpec far = test::video_track(10, 5);
    far.frames[3].offset = 90000 * 61;
    MEZZ_CHECK(refused(index_of({far}), ErrorCode::bad_media, "ctts: composition offset exceeds"));
    TrackSpec order = test::video_track(60, 30);
    order.frames[0].offset = 90000 * 5;
    order.edits = {{0, 0}};
    MEZZ_CHECK(index_of({order}).has_value());  // the second sync sample is shown before: it begins no piece
    TrackSpec slow = test::video_track(10, 5);
    for (test::Frame& frame : slow.frames)
        frame.duration = UINT32_MAX;
    MEZZ_CHECK(refused(index_of({slow}), ErrorCode::unsupported, "stts: sync samples are too far apart"));
    MEZZ_CHECK(refused(index_of({test::video_track(0, 1)}), ErrorCode::unsupported, "moov: no track"));
    return test::kFine;
}

int main() {
    const CMUnitTest tests[] = {MEZZ_CHECKED(pieces_are_gops),
                                MEZZ_CHECKED(finds_pieces_among_hundreds),
                                MEZZ_CHECKED(of_two_as_near_the_earlier),
                                MEZZ_CHECKED(pieces_are_half_a_second_apart),
                                MEZZ_CHECKED(audio_is_cut_where_video_is),
                                MEZZ_CHECKED(audio_alone_is_cut_each_second),
                                MEZZ_CHECKED(presentation_follows_reordering),
                                MEZZ_CHECKED(open_groups_of_pictures),
                                MEZZ_CHECKED(sound_after_the_pictures_is_cut_each_second),
                                MEZZ_CHECKED(titles_begin_with_a_key_frame),
                                MEZZ_CHECKED(trimmed_pieces_stay_before_the_title),
                                MEZZ_CHECKED(reordering_without_edit_list),
                                MEZZ_CHECKED(samples_before_the_first_sync_are_dropped),
                                MEZZ_CHECKED(refuses_impossible_times)};
    return cmocka_run_group_tests_name("index", tests, nullptr, nullptr);
}
