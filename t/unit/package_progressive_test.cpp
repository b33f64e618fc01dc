#include <algorithm>

#include "check.hpp"
#include "cmaf_fixture.hpp"
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
        MEZZ_CHECKED(names_are_safe),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
