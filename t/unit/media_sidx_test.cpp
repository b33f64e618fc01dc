#include "media/segment_index.hpp"

#include <algorithm>

#include "check.hpp"
#include "cmaf_fixture.hpp"
#include "mp4_driver.hpp"

namespace test = mezz::test;
using mezz::Bytes;
using mezz::ErrorCode;
using mezz::Result;
using mezz::media::add_subsegment_index;
using mezz::media::Box;
using mezz::media::fourcc;
using mezz::media::SegmentIndex;
using test::Buffer;
using test::Fields;
using test::Reference;
using test::refused;
using test::SidxSpec;

namespace {

constexpr std::uint64_t kOffset = 1000;

Result<SegmentIndex> parse(Bytes sidx, std::uint64_t file_size) {
    return mezz::media::parse_segment_index({fourcc("sidx"), kOffset, 8, sidx.subspan(8)}, file_size);
}

Result<void> add(Bytes ssix, SegmentIndex& index) {
    return add_subsegment_index({fourcc("ssix"), 0, 8, ssix.subspan(8)}, index);
}

}  // namespace

static const char* reads_both_versions() {
    for (const bool wide : {false, true}) {
        const SidxSpec spec{.timescale = 48000,
                            .earliest = 77,
                            .first_offset = 30,
                            .wide = wide,
                            .references = {{400, 96000}, {500, 96001}}};
        const Buffer bytes = test::sidx(spec);
        const std::uint64_t first = kOffset + bytes.size() + 30;
        const auto index = parse(bytes, first + 900);
        MEZZ_CHECK(index && index->timescale == 48000 && index->earliest_time == 77 &&
                   index->first_byte == first);
        MEZZ_CHECK(index->end == first + 900 && index->all_sync && index->subsegments.size() == 2);
        MEZZ_CHECK(index->subsegments[1].bytes == 500 && index->subsegments[1].duration == 96001);
        MEZZ_CHECK(refused(parse(bytes, first + 899), ErrorCode::bad_media, "sidx: subsegment exceeds"));
        MEZZ_CHECK(refused(parse(bytes, first - 1), ErrorCode::bad_media, "sidx: first offset"));
    }
    const auto not_sync = parse(test::sidx({.references = {{1, 1}, {1, 1, 0}}}), 5000);
    MEZZ_CHECK(not_sync && !not_sync->all_sync);
    return test::kFine;
}

static const char* refuses_hostile_indexes() {
    const auto one = [](const SidxSpec& spec) { return parse(test::sidx(spec), UINT64_MAX); };
    MEZZ_CHECK(one({.references = {{5, 5}}}).has_value());
    MEZZ_CHECK(
        refused(one({.references = {{5, 5, 0, true}}}), ErrorCode::unsupported, "sidx: index of indexes"));
    MEZZ_CHECK(refused(one({.references = {{0, 5}}}), ErrorCode::bad_media, "sidx: subsegment is empty"));
    MEZZ_CHECK(refused(one({.timescale = 0}), ErrorCode::bad_media, "sidx: timescale"));
    MEZZ_CHECK(refused(one({.earliest = UINT64_MAX, .wide = true}), ErrorCode::bad_media, "sidx: earliest"));
    MEZZ_CHECK(refused(one({.earliest = INT64_MAX, .wide = true}), ErrorCode::bad_media, "sidx: earliest"));
    MEZZ_CHECK(refused(one({.first_offset = UINT64_MAX, .wide = true}), ErrorCode::bad_media, "sidx: first"));
    const Buffer whole = test::sidx({.references = {{5, 5}, {6, 6}}});
    for (std::size_t n = 8; n < whole.size(); ++n)
        MEZZ_CHECK(
            refused(parse(Bytes(whole).first(n), 5000), ErrorCode::bad_media, "sidx: count exceeds box"));
    return test::kFine;
}

static const char* adds_the_heads() {
    const std::vector<Reference> references{{400, 1}, {500, 1}};
    auto index = parse(test::sidx({.references = references}), 5000);
    MEZZ_CHECK(index && add(test::ssix(references, 123), *index));
    MEZZ_CHECK(index->subsegments[0].head == 123 && index->subsegments[1].head == 123);
    auto fresh = parse(test::sidx({.references = references}), 5000);
    MEZZ_CHECK(fresh && add(test::ssix(references, 450), *fresh));  // longer than the first subsegment
    MEZZ_CHECK(fresh->subsegments[0].head == 0 && fresh->subsegments[1].head == 450);
    return test::kFine;
}

static const char* refuses_a_wrong_ssix() {
    const std::vector<Reference> references{{400, 1}, {500, 1}};
    auto index = parse(test::sidx({.references = references}), 5000);
    MEZZ_CHECK(index.has_value());
    MEZZ_CHECK(refused(add(test::ssix({{400, 1}}, 1), *index), ErrorCode::bad_media, "ssix: count differs"));
    const Buffer whole = test::ssix(references, 1);
    for (std::size_t n = 8; n < whole.size(); ++n)
        MEZZ_CHECK(!add(Bytes(whole).first(n), *index));
    const Buffer huge = test::full_box("ssix", 0, 0, Fields().u32(2).u32(UINT32_MAX).zeros(40));
    MEZZ_CHECK(refused(add(huge, *index), ErrorCode::bad_media, "ssix: count exceeds box"));
    return test::kFine;
}

int main() {
    const CMUnitTest tests[] = {MEZZ_CHECKED(reads_both_versions), MEZZ_CHECKED(refuses_hostile_indexes),
                                MEZZ_CHECKED(adds_the_heads), MEZZ_CHECKED(refuses_a_wrong_ssix)};
    return cmocka_run_group_tests_name("sidx", tests, nullptr, nullptr);
}
