#include <algorithm>
#include <cmath>
#include <map>

#include "check.hpp"
#include "cmaf_fixture.hpp"
#include "core/rescale.hpp"
#include "package/attachment.hpp"
#include "package/progressive.hpp"
#include "title_fixture.hpp"

namespace test = mezz::test;
using mezz::package::Progressive;
using mezz::package::ProgressiveTrack;
using test::MadeTitle;

namespace {

constexpr std::uint64_t kMuch = 1 << 24;

std::vector<mezz::media::Sample> all_samples(const test::Buffer& file, const mezz::media::TrackView& track) {
    return test::read_pieces(file, track, 0, track.piece_count()).value();
}

// A plan over all tracks of a file.
Progressive plan_of(const test::Buffer& file, const mezz::media::FileIndexView& index,
                    std::uint32_t at_once = 3) {
    std::vector<ProgressiveTrack> tracks;
    for (std::uint32_t t = 0; t < index.track_count(); ++t) {
        const auto track = index.track(t);
        tracks.emplace_back(track, 0, kMuch);
        for (std::uint32_t i = 0; i < track.piece_count(); i += at_once)
            tracks.back().add(test::read_pieces(file, track, i, i + at_once).value()).value();
        tracks.back().finish().value();
    }
    return mezz::package::write_progressive(tracks).value();
}

// The file that a plan describes.
test::Buffer file_of(const test::Buffer& source, const Progressive& plan) {
    test::Buffer file = plan.head;
    for (const auto& span : plan.spans) {
        const test::Buffer part = test::range_of(source, {span.offset, span.length});
        file.insert(file.end(), part.begin(), part.end());
    }
    return file;
}

// The samples are the same in both, but for where they lie.
const char* same_content(const test::Buffer& a, const mezz::media::TrackView& in_a, const test::Buffer& b,
                         const mezz::media::TrackView& in_b) {
    const auto left = all_samples(a, in_a);
    const auto right = all_samples(b, in_b);
    MEZZ_CHECK(left.size() == right.size() && in_a->timescale == in_b->timescale);
    for (std::size_t i = 0; i < left.size(); ++i) {
        MEZZ_CHECK(left[i].size == right[i].size && left[i].sync == right[i].sync);
        MEZZ_CHECK(left[i].dts + left[i].composition_offset == right[i].dts + right[i].composition_offset);
        MEZZ_CHECK(i == 0 || left[i].dts - left[i - 1].dts == right[i].dts - right[i - 1].dts);
        MEZZ_CHECK(test::range_of(a, {left[i].offset, left[i].size}) ==
                   test::range_of(b, {right[i].offset, right[i].size}));
    }
    MEZZ_CHECK(std::ranges::equal(in_a.config(), in_b.config()));
    MEZZ_CHECK(in_a->width == in_b->width && in_a->language == in_b->language);
    return test::kFine;
}

// A download of a file, read back, is that file.
const char* survives(const test::Buffer& source) {
    const test::Buffer index = test::scan(source).value();
    const mezz::media::FileIndexView view(index);
    const Progressive plan = plan_of(source, view);
    const test::Buffer made = file_of(source, plan);
    MEZZ_CHECK(made.size() == plan.size);
    const test::Buffer made_index = test::scan(made).value();
    const mezz::media::FileIndexView made_view(made_index);
    MEZZ_CHECK(made_view.track_count() == view.track_count());
    for (std::uint32_t t = 0; t < view.track_count(); ++t)
        MEZZ_CHECK_ALL(same_content(source, view.track(t), made, made_view.track(t)));
    return test::kFine;
}

test::FileSpec reordered() {
    test::TrackSpec video = test::video_track(200, 50);
    constexpr std::int32_t kOffsets[] = {2, 5, 2, 0, 1};  // of an IDR and a pyramid of B-frames, in frames
    for (std::size_t i = 0; i < video.frames.size(); ++i)
        video.frames[i].offset = 3600 * kOffsets[i % 5];
    video.edits = {{8000, 7200}};
    test::TrackSpec audio = test::audio_track(300);
    audio.edits = {{7000, 1024}};
    return {.tracks = {video, audio}};
}

}  // namespace

static const char* a_film_survives() {
    return survives(test::make_mp4(test::film()).bytes);
}

static const char* reordering_and_edit_lists_survive() {
    return survives(test::make_mp4(reordered()).bytes);
}

static const char* a_late_track_stays_late() {
    test::FileSpec spec = test::film();
    spec.tracks[1].edits = {{500, -1}, {12000, 0}};
    return survives(test::make_mp4(spec).bytes);
}

static const char* varying_durations_survive() {
    test::FileSpec spec = test::film();
    for (std::size_t i = 0; i < spec.tracks[0].frames.size(); ++i)
        spec.tracks[0].frames[i].duration = static_cast<std::uint32_t>(1800 + 900 * (i % 7));
    return survives(test::make_mp4(spec).bytes);
}

static const char* track_files_survive() {
    return survives(test::sidx_file({90000, 90000, 90000}));
}

// The tracks of a download that shows a part of a title only.
static std::vector<ProgressiveTrack> clipped(const MadeTitle& made, const mezz::package::Clip& clip) {
    std::vector<ProgressiveTrack> tracks;
    for (const auto& rendition : made.view().renditions()) {
        const auto line = made.line(rendition.name.data());
        const auto pieces = needed_pieces(line, clip);
        tracks.emplace_back(line.track(), 0, kMuch);
        tracks.back().show_only(clip);
        for (std::uint32_t i = pieces.first; i < pieces.last; ++i)
            tracks.back().add(test::read_pieces(made.file(0), line.track(), i, i + 1).value()).value();
        if (!tracks.back().empty()) tracks.back().finish().value();
    }
    return tracks;
}

// An index moves what an edit list hides between key frames back into sight (see build_index); this takes
// that off. Of the part from `from` to `to` (seconds): the pictures and frames shown in it are the source's,
// at times that begin with it, and what is before its start is no more than the decoder needs.
static const char* shows_the_part(const MadeTitle& made, double from, double to) {
    const auto clip = place_clip(made.view(), {.from = static_cast<std::int64_t>(from * 1e6),
                                               .to = static_cast<std::int64_t>(to * 1e6)})
                          .value();
    auto tracks = clipped(made, *clip);
    const test::Buffer cut = file_of(made.file(0), mezz::package::write_progressive(tracks).value());
    const test::Buffer index = test::scan(cut).value();
    const mezz::media::FileIndexView view(index);
    MEZZ_CHECK(view.track_count() == tracks.size());
    for (std::uint32_t t = 0; t < view.track_count(); ++t) {
        const auto track = view.track(t);
        const auto source = made.tracks()[t];
        const std::int64_t shift = std::llround(from * source->timescale);
        const std::int64_t length = std::llround(to * source->timescale) - shift;
        // An index brings what an edit list hides between key frames back into sight.
        const std::int64_t uncovered =
            mezz::rescale(clip->from - from_key_frame(*clip, made.tracks()).from, source->timescale, 1000000);
        std::map<std::int64_t, std::uint32_t> expected;
        for (const auto& sample : all_samples(made.file(0), source)) {
            const std::int64_t time = sample.dts + sample.composition_offset - shift;
            if (time + sample.duration > 0 && time < length) expected[time] = sample.size;
        }
        std::int64_t earliest = 0;
        for (const auto& sample : all_samples(cut, track)) {
            const std::int64_t time = sample.dts + sample.composition_offset - uncovered;
            earliest = std::min(earliest, time);
            if (expected[time] == sample.size) expected.erase(time);
        }
        for (const auto& [time, size] : expected)
            MEZZ_CHECK(size == 0);
        const bool video = source->kind == mezz::media::TrackKind::video;
        MEZZ_CHECK(earliest >= -(video ? 2 : 1) * std::int64_t{source->timescale} / (video ? 1 : 8));
        MEZZ_CHECK(all_samples(cut, track).front().sync);
        const std::int64_t end = track->end - uncovered;
        // Pictures that the last ones refer to may be shown after it, if the edit list did not end with it.
        MEZZ_CHECK(end + 1 >= length && end - length <= source->timescale / 4);
    }
    return test::kFine;
}

static const char* a_part_of_a_film() {
    for (const bool reorder : {false, true}) {
        MadeTitle made;
        test::FileSpec spec = reorder ? reordered() : test::film();
        if (reorder) spec.tracks.pop_back();
        made.add(spec);
        made.build();
        for (const auto& [from, to] : {std::pair(0.0, 1.0), {1.0, 3.0}, {3.3, 4.44}, {2.0, 4.0}, {6.5, 7.96}})
            MEZZ_CHECK_ALL(shows_the_part(made, from, to));
    }
    return test::kFine;
}

static const char* sound_that_has_ended() {
    MadeTitle made;
    test::FileSpec spec = test::film();
    spec.tracks[1].frames.resize(200);
    made.add(spec);
    made.build();
    const auto clip = place_clip(made.view(), {.from = 9000000, .to = {}}).value();
    const auto tracks = clipped(made, *clip);
    MEZZ_CHECK(tracks.size() == 2 && tracks[1].empty());
    return test::kFine;
}

// moov, then chunks of both in turn; at times two of one track, each up to a second, stand together.
static const char* chunks_alternate() {
    const test::Buffer source = test::make_mp4(test::film()).bytes;
    const test::Buffer index = test::scan(source).value();
    const test::Buffer made = file_of(source, plan_of(source, mezz::media::FileIndexView(index)));
    mezz::media::BoxIterator boxes(made, 0);
    MEZZ_CHECK(boxes.next().value()->type == mezz::media::fourcc("ftyp"));
    MEZZ_CHECK(boxes.next().value()->type == mezz::media::fourcc("moov"));
    MEZZ_CHECK(boxes.next().value()->type == mezz::media::fourcc("mdat") && !boxes.next().value());
    const test::Buffer made_index = test::scan(made).value();
    const mezz::media::FileIndexView view(made_index);
    for (std::uint32_t t = 0; t < 2; ++t) {
        const auto track = view.track(t);
        const auto samples = all_samples(made, track);
        std::int64_t begin = samples.front().dts;
        for (std::size_t i = 1; i < samples.size(); ++i) {
            if (samples[i].offset != samples[i - 1].offset + samples[i - 1].size) begin = samples[i].dts;
            MEZZ_CHECK(samples[i].dts + samples[i].duration - begin <= 2 * track->timescale);
        }
    }
    return test::kFine;
}

static const char* memory_is_limited() {
    const test::Buffer source = test::make_mp4(test::film()).bytes;
    const test::Buffer index = test::scan(source).value();
    const auto track = mezz::media::FileIndexView(index).track(0);
    ProgressiveTrack small(track, 0, 1000);
    MEZZ_CHECK(test::refused(small.add(all_samples(source, track)), mezz::ErrorCode::too_large, "download"));
    ProgressiveTrack none(track, 0, 1000);
    MEZZ_CHECK(test::refused(none.finish(), mezz::ErrorCode::bad_media, "download"));
    return test::kFine;
}

// Sizes beyond 32 bits, which no test file has.
static const char* large_files_have_wide_offsets() {
    const test::Buffer source = test::make_mp4(test::film()).bytes;
    const test::Buffer index = test::scan(source).value();
    const auto track = mezz::media::FileIndexView(index).track(0);
    auto samples = all_samples(source, track);
    for (std::size_t i = 0; i < samples.size(); ++i) {
        samples[i].size = 100U << 20;
        samples[i].offset = i * samples[i].size;
    }
    std::vector<ProgressiveTrack> tracks;
    tracks.emplace_back(track, 0, kMuch);
    tracks[0].add(samples).value();
    tracks[0].finish().value();
    const Progressive plan = mezz::package::write_progressive(tracks).value();
    const std::uint64_t payload = std::uint64_t{samples.size()} * samples[0].size;
    MEZZ_CHECK(plan.size == plan.head.size() + payload);
    mezz::media::BoxIterator boxes(plan.head, 0);
    (void)boxes.next().value();
    const auto moov = boxes.next().value();
    const std::string_view text = mezz::as_text(moov->payload);
    MEZZ_CHECK(text.find("co64") != std::string_view::npos && text.find("stco") == std::string_view::npos);
    const mezz::Bytes mdat = mezz::Bytes(plan.head).last(16);
    const auto header = mezz::media::read_box_header(mdat, plan.head.size() - 16, plan.size);
    MEZZ_CHECK(header && header->size == payload + 16 && header->header_size == 16);
    std::uint64_t sum = 0;
    for (const auto& span : plan.spans)
        sum += span.length;
    MEZZ_CHECK(sum == payload);
    return test::kFine;
}

static const char* names_are_safe() {
    using mezz::package::attachment;
    MEZZ_CHECK(attachment("a/film.mp4", "720p") == "attachment; filename=\"film-720p.mp4\"");
    MEZZ_CHECK(attachment("b1f0-3", "audio-eng") == "attachment; filename=\"b1f0-3-audio-eng.mp4\"");
    MEZZ_CHECK(attachment("x\"; a=\\\r\n/..my film", "1p") == "attachment; filename=\"my_film-1p.mp4\"");
    MEZZ_CHECK(attachment("a\"b\r\nc;d", "1p") == "attachment; filename=\"a_bc_d-1p.mp4\"");
    MEZZ_CHECK(attachment("é.mov", "1p") == "attachment; filename*=UTF-8''%C3%A9-1p.mp4");
    MEZZ_CHECK(attachment("gpj\u202E.mp4", "1p") == "attachment; filename=\"gpj-1p.mp4\"");
    MEZZ_CHECK(attachment("\xff", "1p") == "attachment; filename=\"1p.mp4\"");
    MEZZ_CHECK(attachment("", "1p") == "attachment; filename=\"1p.mp4\"");
    return test::kFine;
}

int main() {
    const CMUnitTest tests[] = {
        MEZZ_CHECKED(a_film_survives),         MEZZ_CHECKED(reordering_and_edit_lists_survive),
        MEZZ_CHECKED(a_late_track_stays_late), MEZZ_CHECKED(varying_durations_survive),
        MEZZ_CHECKED(track_files_survive),     MEZZ_CHECKED(chunks_alternate),
        MEZZ_CHECKED(memory_is_limited),       MEZZ_CHECKED(large_files_have_wide_offsets),
        MEZZ_CHECKED(names_are_safe),          MEZZ_CHECKED(a_part_of_a_film),
        MEZZ_CHECKED(sound_that_has_ended),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
