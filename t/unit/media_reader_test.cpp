#include "media/sample_reader.hpp"

#include <algorithm>
#include <random>

#include "check.hpp"
#include "mp4_driver.hpp"
#include "mp4_fixture.hpp"

namespace test = mezz::test;
using mezz::Bytes;
using mezz::media::FileIndexView;
using mezz::media::Layout;
using mezz::media::Sample;
using mezz::media::SampleReader;
using mezz::media::TrackView;
using test::TrackSpec;

namespace {

using Random = std::mt19937;

std::uint32_t up_to(Random& random, std::uint32_t most) {
    return static_cast<std::uint32_t>(random() % (most + 1));
}

// Tables in which runs, chunks and sync points end at unrelated samples.
TrackSpec random_track(Random& random, bool video) {
    constexpr unsigned kBits[] = {4, 8, 16, 32, 32};
    TrackSpec track = video ? test::video_track(0, 1) : test::audio_track(0);
    track.size_bits = kBits[up_to(random, 4)];
    track.co64 = up_to(random, 1) == 1;
    track.stss = up_to(random, 3) != 0;
    track.chunks.clear();
    for (std::uint32_t i = 0; i <= up_to(random, 4); ++i)
        track.chunks.push_back(1 + up_to(random, 6));
    const std::uint32_t count = 1 + up_to(random, 250);
    const std::uint32_t gop = 1 + up_to(random, 40);
    const std::uint32_t run = 1 + up_to(random, 20);
    const std::int32_t reordering = up_to(random, 1) == 1 && video ? 3600 : 0;
    std::uint32_t duration = 3600;
    for (std::uint32_t i = 0; i < count; ++i) {
        if (i % run == 0) duration = 2400 + 1200 * up_to(random, 2);
        const std::int32_t offset = i % gop % 3 == 1 ? reordering : 0;
        track.frames.push_back(
            {up_to(random, track.size_bits == 4 ? 15 : 60), duration, offset, i % gop == 0});
    }
    return track;
}

// Samples as the packagers see them: the edit list applied.
std::vector<Sample> presented(std::vector<Sample> samples, std::int64_t shift) {
    for (Sample& sample : samples)
        sample.dts += shift;
    return samples;
}

const char* check_all_ranges(Bytes file, TrackView track, const std::vector<Sample>& all) {
    const auto whole = test::read_pieces(file, track, 0, track.piece_count());
    MEZZ_CHECK(whole && std::ranges::equal(*whole, all, test::same));
    for (std::uint32_t first = 0; first < track.piece_count(); ++first) {
        std::size_t at = track.samples_before(first);
        for (std::uint32_t last = first + 1; last <= track.piece_count(); ++last) {
            const auto some = test::read_pieces(file, track, first, last);
            MEZZ_CHECK(some && track.samples_before(last) == at + some->size());
            MEZZ_CHECK(std::ranges::equal(*some, std::span(all).subspan(at, some->size()), test::same));
        }
    }
    return test::kFine;
}

}  // namespace

static const char* slices_give_what_one_pass_gives() {
    Random random(20261123);
    for (int round = 0; round < 120; ++round) {
        test::FileSpec spec{.tracks = {random_track(random, true), random_track(random, false)}};
        if (up_to(random, 2) == 0) spec.tracks[0].edits = {{100, -1}, {5000, 3600}};
        spec.moov_first = up_to(random, 1) == 1;
        const test::Mp4File file = test::make_mp4(spec);
        const auto block = test::scan(file.bytes);
        MEZZ_CHECK(block.has_value());
        const FileIndexView index(*block);
        MEZZ_CHECK(index.track_count() == 2);
        for (std::uint32_t t = 0; t < 2; ++t) {
            const TrackView track = index.track(t);
            MEZZ_CHECK(track->sample_count == file.samples[t].size());
            MEZZ_CHECK_ALL(
                check_all_ranges(file.bytes, track, presented(file.samples[t], track->edit_shift)));
        }
    }
    return test::kFine;
}

static const char* hardly_reads_more_than_the_slice() {
    TrackSpec track = test::video_track(20000, 50);
    const test::Mp4File file = test::make_mp4({.tracks = {track}});
    const auto block = test::scan(file.bytes);
    MEZZ_CHECK(block.has_value());
    const TrackView view = FileIndexView(*block).track(0);
    SampleReader reader(view, file.bytes.size(), 200, 203);
    std::uint64_t bytes = 0;
    std::size_t reads = 0;
    while (const auto need = reader.need()) {
        bytes += need->length;
        ++reads;
        MEZZ_CHECK(reader.feed(test::range_of(file.bytes, *need)).has_value());
    }
    const auto samples = reader.take_samples();
    MEZZ_CHECK(samples.size() == 150 && samples.front().sync && reads == 5 && bytes < 1000);
    return test::kFine;
}

static const char* no_pieces_need_nothing() {
    const test::Mp4File file = test::make_mp4({.tracks = {test::video_track(30, 25)}});
    const auto block = test::scan(file.bytes);
    MEZZ_CHECK(block.has_value());
    const TrackView view = FileIndexView(*block).track(0);
    MEZZ_CHECK(!SampleReader(view, file.bytes.size(), 1, 1).need());
    MEZZ_CHECK(!SampleReader(view, file.bytes.size(), 2, 5).need());
    const auto beyond = test::read_pieces(file.bytes, view, 1, 99);
    MEZZ_CHECK(beyond && beyond->size() == 5);
    return test::kFine;
}

static const char* notices_a_file_that_was_changed() {
    const test::Mp4File file = test::make_mp4({.tracks = {test::video_track(30, 25)}});
    const auto block = test::scan(file.bytes);
    MEZZ_CHECK(block.has_value());
    const TrackView view = FileIndexView(*block).track(0);
    test::Buffer other = file.bytes;
    std::fill(other.begin() + static_cast<std::ptrdiff_t>(file.moov_offset), other.end(), std::byte{0xFF});
    MEZZ_CHECK(!test::read_pieces(other, view, 0, 1));
    return test::kFine;
}

int main() {
    const CMUnitTest tests[] = {
        MEZZ_CHECKED(slices_give_what_one_pass_gives), MEZZ_CHECKED(hardly_reads_more_than_the_slice),
        MEZZ_CHECKED(no_pieces_need_nothing), MEZZ_CHECKED(notices_a_file_that_was_changed)};
    return cmocka_run_group_tests_name("reader", tests, nullptr, nullptr);
}
