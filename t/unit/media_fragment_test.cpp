#include "media/fragment.hpp"

#include <algorithm>

#include "check.hpp"
#include "cmaf_fixture.hpp"
#include "mp4_driver.hpp"

namespace test = mezz::test;
using mezz::Bytes;
using mezz::ErrorCode;
using mezz::Result;
using mezz::media::Box;
using mezz::media::fourcc;
using mezz::media::FragmentDefaults;
using mezz::media::read_fragment;
using mezz::media::Sample;
using test::Buffer;
using test::Fields;
using test::Frame;
using test::refused;
using test::Traf;

namespace {

constexpr std::uint64_t kPosition = 5000;

std::vector<Frame> frames() {
    return {{100, 3000, 6000, true}, {20, 3000, -3000, false}, {0, 3000, 0, false}, {33, 3600, 1, false}};
}

Result<std::vector<Sample>> read(Bytes moof, const FragmentDefaults& defaults = {.track_id = 1},
                                 std::uint64_t file_size = 1 << 20) {
    const auto header = mezz::media::read_box_header(moof, kPosition, kPosition + moof.size());
    if (!header) return std::unexpected(header.error());
    std::vector<Sample> out;
    const Box box{header->type, kPosition, header->header_size, moof.subspan(header->header_size)};
    if (const auto ok = read_fragment(box, defaults, file_size, out); !ok) return std::unexpected(ok.error());
    return out;
}

// What is read from a traf, against what went in.
bool is_read(const Traf& traf, const FragmentDefaults& defaults = {.track_id = 1}) {
    std::vector<Sample> expected;
    const Buffer bytes = test::fragment({traf}, kPosition, 1, &expected);
    for (Sample& sample : expected) {
        sample.dts += defaults.shift;
        if ((traf.run_flags & 0x800) == 0) sample.composition_offset = 0;
    }
    const std::size_t size = test::cmaf::moof({traf}, kPosition, 0).size();
    const auto found = read(Bytes(bytes).first(size), defaults);
    return found && std::ranges::equal(*found, expected, test::same);
}

// A moof with one traf of the given run.
Buffer moof_of(const Fields& run, std::uint32_t run_flags, const Buffer& time) {
    const Buffer head = test::full_box("tfhd", 0, 0x20000, Fields().u32(1));
    return test::box("moof",
                     test::box("traf", test::join({head, time, test::full_box("trun", 0, run_flags, run)})));
}

}  // namespace

static const char* reads_every_field() {
    MEZZ_CHECK(is_read({.time = 7, .frames = frames()}));
    MEZZ_CHECK(is_read({.time = 7, .frames = frames(), .wide_time = false}));
    MEZZ_CHECK(is_read({.time = std::uint64_t{1} << 40, .frames = frames(), .head_flags = 0x20003}));
    MEZZ_CHECK(is_read({.time = 7, .frames = frames(), .run_flags = 0x701}));
    MEZZ_CHECK(is_read({.time = 9000, .frames = frames()}, {.track_id = 1, .shift = -10000}));
    MEZZ_CHECK(is_read({.time = 7, .frames = frames(), .runs = 2}));
    MEZZ_CHECK(is_read({.time = 7, .frames = frames(), .head_flags = 0x20002, .runs = 3}));
    return test::kFine;
}

static const char* reads_defaults() {
    const std::vector<Frame> same(5, Frame{50, 1024, 0, true});
    MEZZ_CHECK(is_read({.frames = same, .head_flags = 0x20038, .run_flags = 0x1}));
    MEZZ_CHECK(is_read({.frames = same, .run_flags = 0x1},
                       {.track_id = 1, .duration = 1024, .size = 50, .flags = test::kSyncFlags}));
    // The first sample's flags differ: the usual form of a GOP.
    MEZZ_CHECK(is_read({.frames = frames(), .head_flags = 0x20020, .run_flags = 0xB05}));
    MEZZ_CHECK(
        is_read({.frames = frames(), .run_flags = 0xB05}, {.track_id = 1, .flags = test::kNonSyncFlags}));
    return test::kFine;
}

static const char* takes_its_own_track_only() {
    std::vector<Sample> expected;
    const std::vector<Traf> trafs{{.track_id = 2, .frames = frames()},
                                  {.time = 90, .frames = frames()},
                                  {.track_id = 3, .frames = frames()}};
    const Buffer bytes = test::fragment(trafs, kPosition, 1, &expected);
    const auto moof = Bytes(bytes).first(test::cmaf::moof(trafs, kPosition, 0).size());
    const auto found = read(moof);
    MEZZ_CHECK(found && expected.size() == 4 && std::ranges::equal(*found, expected, test::same));
    MEZZ_CHECK(read(moof, {.track_id = 9}) && read(moof, {.track_id = 9})->empty());
    const auto end = expected.back().offset + expected.back().size;
    MEZZ_CHECK(read(moof, {.track_id = 1}, end).has_value());
    MEZZ_CHECK(
        refused(read(moof, {.track_id = 1}, end - 1), ErrorCode::bad_media, "trun: sample lies beyond"));
    return test::kFine;
}

// §8.8.7: without a base of its own, a traf's data begins where that of the one before ends.
static const char* data_after_data() {
    const std::vector<Frame> same(3, Frame{50, 1024, 0, true});
    const std::vector<Traf> trafs{{.track_id = 2, .frames = frames(), .head_flags = 0},
                                  {.track_id = 3, .frames = same, .head_flags = 0, .run_flags = 0},
                                  {.time = 90, .frames = frames(), .head_flags = 0, .run_flags = 0xF00},
                                  {.track_id = 4, .frames = frames(), .head_flags = 0, .run_flags = 0xF00}};
    std::vector<Sample> expected;
    const Buffer bytes = test::fragment(trafs, kPosition, 1, &expected);
    const auto moof = Bytes(bytes).first(test::cmaf::moof(trafs, kPosition, 0).size());
    const std::vector<mezz::media::DefaultSize> sizes{{3, 50}};
    const auto found = read(moof, {.track_id = 1, .all_sizes = sizes});
    MEZZ_CHECK(found && expected.size() == 4 && std::ranges::equal(*found, expected, test::same));
    return test::kFine;
}

// §8.8.12: a fragment that does not say when it begins does so where the one before ends.
static const char* times_from_before() {
    const std::vector<Traf> trafs{{.track_id = 2, .time = 5, .frames = frames()},
                                  {.time = 90, .frames = frames()},
                                  {.time = 90 + 12600, .frames = frames()}};
    std::vector<Sample> expected;
    const Buffer bytes = test::fragment(trafs, kPosition, 1, &expected);
    const auto size = test::cmaf::moof(trafs, kPosition, 0).size();
    const Buffer undated = test::undated(bytes);
    MEZZ_CHECK(undated != bytes);
    const auto found = read(Bytes(undated).first(size), {.track_id = 1, .begin = 90});
    MEZZ_CHECK(found && std::ranges::equal(*found, expected, test::same));
    // Who says when it begins is believed; the shift is not added to what is known already.
    const auto dated = read(Bytes(bytes).first(size), {.track_id = 1, .begin = 7});
    MEZZ_CHECK(dated && std::ranges::equal(*dated, expected, test::same));
    const auto early = read(Bytes(undated).first(size), {.track_id = 1, .shift = -900, .begin = -810});
    MEZZ_CHECK(early && early->size() == expected.size() && early->front().dts == -810);
    MEZZ_CHECK(refused(read(Bytes(undated).first(size)), ErrorCode::bad_media, "traf: tfdt is missing"));
    return test::kFine;
}

static const char* one_description_only() {
    const std::vector<Traf> trafs{{.frames = frames(), .head_flags = 0x20002}};  // the first
    const Buffer bytes = test::fragment(trafs, kPosition);
    const auto moof = Bytes(bytes).first(test::cmaf::moof(trafs, kPosition, 0).size());
    MEZZ_CHECK(read(moof, {.track_id = 1, .description = 1}).has_value());
    MEZZ_CHECK(refused(read(moof, {.track_id = 1, .description = 2}), ErrorCode::unsupported,
                       "tfhd: samples of several descriptions"));
    return test::kFine;
}

static const char* hostile_counts() {
    const Buffer time = test::full_box("tfdt", 0, 0, Fields().u32(0));
    const auto run = [&](const Fields& fields, std::uint32_t flags) {
        return read(moof_of(fields, flags, time));
    };
    MEZZ_CHECK(run(Fields().u32(2).u64(0), 0x200) && run(Fields().u32(2).u64(0), 0x200)->size() == 2);
    MEZZ_CHECK(refused(run(Fields().u32(3).u64(0), 0x200), ErrorCode::bad_media, "trun: count exceeds box"));
    MEZZ_CHECK(
        refused(run(Fields().u32(UINT32_MAX).zeros(64), 0xF00), ErrorCode::bad_media, "trun: count exceeds"));
    MEZZ_CHECK(refused(run(Fields().u16(1), 0), ErrorCode::bad_media, "trun: count exceeds box"));
    MEZZ_CHECK(refused(run(Fields().u32(1U << 21), 0), ErrorCode::bad_media, "trun: over 2^20 samples"));
    // Runs that cost 20 bytes each and claim a million samples each.
    Fields many;
    for (int i = 0; i < 40; ++i)
        many.add(test::full_box("trun", 0, 0, Fields().u32(1U << 20)));
    const Buffer head = test::full_box("tfhd", 0, 0x20000, Fields().u32(1));
    const Buffer traf = test::box("traf", test::join({head, time, many}));
    MEZZ_CHECK(refused(read(test::box("moof", traf)), ErrorCode::bad_media, "trun: over 2^20 samples"));
    return test::kFine;
}

static const char* hostile_times_and_places() {
    const Fields one = Fields().u32(1).u32(0).u32(4);  // count, data offset, size
    const auto at = [&](const Buffer& time) { return read(moof_of(one, 0x201, time)); };
    MEZZ_CHECK(at(test::full_box("tfdt", 1, 0, Fields().u64(std::uint64_t{1} << 56))).has_value());
    MEZZ_CHECK(refused(at(test::full_box("tfdt", 1, 0, Fields().u64((std::uint64_t{1} << 56) + 1))),
                       ErrorCode::bad_media, "tfdt"));
    MEZZ_CHECK(refused(at(test::full_box("tfdt", 1, 0, Fields().u32(0))), ErrorCode::bad_media, "tfdt"));
    MEZZ_CHECK(refused(at(test::box("free", {})), ErrorCode::bad_media, "traf: tfdt is missing"));
    const Buffer time = test::full_box("tfdt", 0, 0, Fields().u32(0));
    const auto before =
        read(moof_of(Fields().u32(1).u32(static_cast<std::uint32_t>(-5000)).u32(4), 0x201, time));
    MEZZ_CHECK(before && before->at(0).offset == 0);
    const auto negative =
        read(moof_of(Fields().u32(1).u32(static_cast<std::uint32_t>(-5001)).u32(4), 0x201, time));
    MEZZ_CHECK(refused(negative, ErrorCode::bad_media, "trun: sample lies beyond"));
    MEZZ_CHECK(refused(read(test::box("moof", test::box("traf", time))), ErrorCode::bad_media,
                       "traf: tfhd is missing"));
    const Buffer short_head = test::box("tfhd", Fields().u32(0x38).u32(1).u32(1));
    MEZZ_CHECK(refused(read(test::box("moof", test::box("traf", test::join({short_head, time})))),
                       ErrorCode::bad_media, "tfhd"));
    return test::kFine;
}

int main() {
    const CMUnitTest tests[] = {MEZZ_CHECKED(reads_every_field), MEZZ_CHECKED(reads_defaults),
                                MEZZ_CHECKED(times_from_before), MEZZ_CHECKED(takes_its_own_track_only),
                                MEZZ_CHECKED(data_after_data),   MEZZ_CHECKED(one_description_only),
                                MEZZ_CHECKED(hostile_counts),    MEZZ_CHECKED(hostile_times_and_places)};
    return cmocka_run_group_tests_name("fragment", tests, nullptr, nullptr);
}
