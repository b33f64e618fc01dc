#include "media/sample_cursor.hpp"

#include <algorithm>

#include "check.hpp"
#include "media/movie.hpp"
#include "mp4_driver.hpp"
#include "mp4_fixture.hpp"

namespace test = mezz::test;
using mezz::Bytes;
using mezz::ErrorCode;
using mezz::Result;
using mezz::media::Sample;
using mezz::media::SampleCursor;
using mezz::media::SampleTables;
using test::Buffer;
using test::Fields;
using test::FileSpec;
using test::refused;
using test::TrackSpec;

namespace {

Result<std::vector<Sample>> walk(const SampleTables& t, std::int64_t shift, std::uint64_t file_size) {
    const auto all = [](const mezz::media::Table& table) {
        return mezz::media::TableSlice{table.entries, 0};
    };
    SampleCursor cursor(t.format,
                        {all(t.time_to_sample), all(t.composition_offsets), all(t.sample_sizes),
                         all(t.sample_to_chunk), all(t.chunk_offsets), all(t.sync_samples)},
                        {}, shift, file_size);
    std::vector<Sample> samples;
    while (!cursor.at_end()) {
        const auto sample = cursor.next();
        if (!sample) return std::unexpected(sample.error());
        samples.push_back(*sample);
    }
    return samples;
}

// The tables of the first track, as a file has them.
struct Tables {
    test::Mp4File file;
    Buffer moov;
    SampleTables tables;
};

Tables tables_of(const TrackSpec& track) {
    Tables out{.file = test::make_mp4({.tracks = {track}}), .moov = {}, .tables = {}};
    out.moov = test::range_of(out.file.bytes, {out.file.moov_offset + 8, out.file.moov_size - 8});
    out.tables = mezz::media::parse_movie(out.moov, out.file.moov_offset, 8).value().tracks.at(0).tables;
    return out;
}

bool gives_what_was_put_in(const TrackSpec& track) {
    const Tables made = tables_of(track);
    const auto walked = walk(made.tables, 0, made.file.bytes.size());
    return walked && std::ranges::equal(*walked, made.file.samples[0], test::same);
}

TrackSpec small_track() {
    TrackSpec track = test::video_track(30, 6);
    for (std::size_t i = 0; i < track.frames.size(); ++i) {
        track.frames[i].size = static_cast<std::uint32_t>(i % 13 + 1);
        track.frames[i].duration = i % 11 == 0 ? 3000 : 3600;
        track.frames[i].offset = i % 4 == 1 ? -3600 : i % 4 == 2 ? 7200 : 0;
    }
    track.chunks = {3, 1, 1, 4};
    return track;
}

}  // namespace

static const char* reads_every_kind_of_table() {
    MEZZ_CHECK(gives_what_was_put_in(small_track()));
    for (const unsigned bits : {4U, 8U, 16U, 32U}) {
        TrackSpec track = small_track();
        track.size_bits = bits;
        MEZZ_CHECK(gives_what_was_put_in(track));
        track.frames.pop_back();  // an odd number
        MEZZ_CHECK(gives_what_was_put_in(track));
    }
    TrackSpec far = small_track();
    far.co64 = true;
    MEZZ_CHECK(gives_what_was_put_in(far));
    TrackSpec all_sync = small_track();
    all_sync.stss = false;
    MEZZ_CHECK(gives_what_was_put_in(all_sync));
    TrackSpec constant = small_track();
    constant.constant_size = true;
    for (test::Frame& frame : constant.frames)
        frame.size = 9;
    MEZZ_CHECK(gives_what_was_put_in(constant));
    return test::kFine;
}

static const char* applies_the_shift() {
    const Tables made = tables_of(small_track());
    const auto walked = walk(made.tables, -5000, made.file.bytes.size());
    MEZZ_CHECK(walked && walked->front().dts == -5000 && walked->at(1).dts == -2000);
    return test::kFine;
}

static const char* a_short_ctts_means_0() {
    Tables made = tables_of(small_track());
    made.tables.composition_offsets.entries = made.tables.composition_offsets.entries.first(16);
    const auto walked = walk(made.tables, 0, made.file.bytes.size());
    MEZZ_CHECK(walked && walked->at(1).composition_offset == -3600 && walked->at(2).composition_offset == 0);
    return test::kFine;
}

static const char* short_tables_are_errors() {
    const Tables made = tables_of(small_track());
    const auto size = made.file.bytes.size();
    SampleTables t = made.tables;
    t.time_to_sample.entries = t.time_to_sample.entries.first(t.time_to_sample.entries.size() - 8);
    MEZZ_CHECK(refused(walk(t, 0, size), ErrorCode::bad_media, "stts"));
    t = made.tables;
    t.sample_sizes.entries = t.sample_sizes.entries.first(t.sample_sizes.entries.size() - 1);
    MEZZ_CHECK(refused(walk(t, 0, size), ErrorCode::bad_media, "stsz"));
    t = made.tables;
    t.chunk_offsets.entries = t.chunk_offsets.entries.first(t.chunk_offsets.entries.size() - 4);
    MEZZ_CHECK(refused(walk(t, 0, size), ErrorCode::bad_media, "stco"));
    t = made.tables;
    t.sample_to_chunk.entries = {};
    MEZZ_CHECK(refused(walk(t, 0, size), ErrorCode::bad_media, "stco"));
    t = made.tables;
    ++t.format.sample_count;
    MEZZ_CHECK(refused(walk(t, 0, size), ErrorCode::bad_media, "stts"));
    for (const unsigned bits : {4U, 8U, 16U}) {
        TrackSpec track = small_track();
        track.size_bits = bits;
        const Tables compact = tables_of(track);
        t = compact.tables;
        t.sample_sizes.entries = t.sample_sizes.entries.first(std::size_t{30} * bits / 8 - 1);
        MEZZ_CHECK(refused(walk(t, 0, size), ErrorCode::bad_media, "stsz"));
    }
    return test::kFine;
}

static const char* samples_lie_in_the_file() {
    const Tables made = tables_of(small_track());
    const Sample& last = made.file.samples[0].back();
    const std::uint64_t end = last.offset + last.size;
    MEZZ_CHECK(walk(made.tables, 0, end).has_value());
    MEZZ_CHECK(refused(walk(made.tables, 0, end - 1), ErrorCode::bad_media, "stco"));
    MEZZ_CHECK(refused(walk(made.tables, 0, 1), ErrorCode::bad_media, "stco"));
    SampleTables t = made.tables;
    t.format.chunk_offset_size = 8;  // offsets of 2^40 and more
    t.chunk_offsets.entries = Bytes(made.moov).first(80);
    MEZZ_CHECK(refused(walk(t, 0, UINT64_MAX), ErrorCode::bad_media, "stco"));
    return test::kFine;
}

static const char* empty_runs_and_chunks_are_stepped_over() {
    const Tables made = tables_of(small_track());
    SampleTables t = made.tables;
    const Buffer stts = Fields().u32(0).u32(9).u32(1).u32(7).u32(0).u32(9).u32(0).u32(9).u32(29).u32(8);
    t.time_to_sample.entries = stts;
    const auto walked = walk(t, 0, made.file.bytes.size());
    MEZZ_CHECK(walked && walked->at(0).duration == 7 && walked->at(1).dts == 7 &&
               walked->at(29).dts == 7 + 28 * 8);
    // Chunks 1 and 2 hold nothing, all others one sample.
    const Buffer stsc = Fields().u32(1).u32(0).u32(1).u32(3).u32(1).u32(1);
    Fields stco;
    for (std::uint32_t i = 0; i < 32; ++i)
        stco.u32(1000 + i);
    const Buffer offsets = stco;
    t.sample_to_chunk.entries = stsc;
    t.chunk_offsets.entries = offsets;
    const auto spread = walk(t, 0, 2000);
    MEZZ_CHECK(spread && spread->at(0).offset == 1002 && spread->at(29).offset == 1031);
    return test::kFine;
}

static const char* counts_are_checked_by_the_parser() {
    const auto parse = [](std::initializer_list<Bytes> boxes) {
        const Buffer bytes = test::join(boxes);
        return mezz::media::parse_sample_tables({mezz::media::fourcc("stbl"), 0, 8, bytes});
    };
    const Buffer sizes = test::full_box("stsz", 0, 0, Fields().u32(0).u32(1).u32(5));
    const auto with = [&](const char* type, std::uint32_t count, std::size_t bytes) {
        return parse({sizes, test::full_box(type, 0, 0, Fields().u32(count).zeros(bytes))});
    };
    MEZZ_CHECK(parse({sizes}).has_value() && with("stts", 2, 16).has_value());
    for (const auto& [type, size] :
         {std::pair("stts", 8), {"ctts", 8}, {"stsc", 12}, {"stco", 4}, {"co64", 8}, {"stss", 4}}) {
        const auto bytes = static_cast<std::size_t>(size);
        MEZZ_CHECK(refused(with(type, 2, 2 * bytes - 1), ErrorCode::bad_media, type));
        MEZZ_CHECK(refused(with(type, UINT32_MAX, bytes), ErrorCode::bad_media, type));
    }
    const auto stsz = [&](const char* type, std::uint32_t field, std::uint32_t count, std::size_t bytes) {
        return parse({test::full_box(type, 0, 0, Fields().u32(field).u32(count).zeros(bytes))});
    };
    MEZZ_CHECK(refused(stsz("stsz", 0, 3, 11), ErrorCode::bad_media, "stsz: count exceeds box"));
    MEZZ_CHECK(refused(stsz("stz2", 4, 3, 1), ErrorCode::bad_media, "stsz: count exceeds box"));
    MEZZ_CHECK(stsz("stz2", 4, 3, 2).has_value() && stsz("stz2", 16, 1, 2).has_value());
    for (const std::uint32_t field : {0U, 12U, 32U})
        MEZZ_CHECK(refused(stsz("stz2", field, 1, 4), ErrorCode::bad_media, "stz2: field size"));
    MEZZ_CHECK(refused(stsz("stsz", 1, UINT32_MAX, 0), ErrorCode::too_large, "stsz: over 2^26 samples"));
    MEZZ_CHECK(refused(parse({}), ErrorCode::bad_media, "stbl: neither"));
    return test::kFine;
}

int main() {
    const CMUnitTest tests[] = {MEZZ_CHECKED(reads_every_kind_of_table),
                                MEZZ_CHECKED(applies_the_shift),
                                MEZZ_CHECKED(a_short_ctts_means_0),
                                MEZZ_CHECKED(short_tables_are_errors),
                                MEZZ_CHECKED(samples_lie_in_the_file),
                                MEZZ_CHECKED(empty_runs_and_chunks_are_stepped_over),
                                MEZZ_CHECKED(counts_are_checked_by_the_parser)};
    return cmocka_run_group_tests_name("cursor", tests, nullptr, nullptr);
}
