#include "segment_boxes.hpp"

#include "check.hpp"
#include "matroska_size.hpp"
#include "media/segment_index.hpp"

using namespace mezz;
using namespace mezz::worker;

// Reads what was written with the reader that the module uses.
static const char* is_read_back() {
    const std::vector<FragmentFacts> fragments = {
        {.bytes = 1000, .head = 400, .time = 0},
        {.bytes = 0x2000000, .head = 70000, .time = 180000},
        {.bytes = 300, .head = 300, .time = 360000},
    };
    const std::vector<std::byte> bytes = segment_boxes(fragments, 1, 90000, 400000);
    const std::uint64_t file_size = bytes.size() + 1000 + 0x2000000 + 300;
    media::BoxIterator boxes(Bytes(bytes), 0);
    const auto sidx = boxes.next();
    MEZZ_CHECK(sidx && *sidx && (*sidx)->type == media::fourcc("sidx"));
    const auto ssix = boxes.next();
    MEZZ_CHECK(ssix && *ssix && (*ssix)->type == media::fourcc("ssix"));
    auto index = media::parse_segment_index(**sidx, file_size);
    MEZZ_CHECK(index && index->subsegments.size() == 3 && index->all_sync);
    MEZZ_CHECK(index->first_byte == bytes.size() && index->end == file_size);
    MEZZ_CHECK(index->earliest_time == 0 && index->timescale == 90000);
    MEZZ_CHECK(media::add_subsegment_index(**ssix, *index).has_value());
    MEZZ_CHECK(index->subsegments[0].duration == 180000 && index->subsegments[2].duration == 40000);
    MEZZ_CHECK(index->subsegments[0].head == 400 && index->subsegments[1].head == 70000);
    MEZZ_CHECK(index->subsegments[2].head == 300);
    return test::kFine;
}

static const char* matroska_files_tell_their_size() {
    const auto file = [](std::initializer_list<int> size) {
        std::vector<std::byte> bytes;
        for (const int b : {0x1A, 0x45, 0xDF, 0xA3, 0x82, 0, 0, 0x18, 0x53, 0x80, 0x67})
            bytes.push_back(static_cast<std::byte>(b));
        for (const int b : size)
            bytes.push_back(static_cast<std::byte>(b));
        return bytes;
    };
    const auto hundred = file({0x40, 100});
    MEZZ_CHECK(!is_cut_short(hundred, 113) && !is_cut_short(hundred, 114) && is_cut_short(hundred, 112));
    MEZZ_CHECK(is_cut_short(hundred, 12) && !is_cut_short(Bytes(hundred).first(12), 12));
    const auto live = file({0x01, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF});
    MEZZ_CHECK(!is_cut_short(live, 19) && !is_cut_short(file({0}), 12) && is_cut_short(file({0x81}), 12));
    auto other = hundred;
    other.front() = std::byte{0};
    MEZZ_CHECK(!is_cut_short(other, 10) && !is_cut_short({}, 0));
    return test::kFine;
}

int main() {
    const CMUnitTest tests[] = {cmocka_unit_test(test::checked<is_read_back>),
                                cmocka_unit_test(test::checked<matroska_files_tell_their_size>)};
    return cmocka_run_group_tests_name("segment_boxes", tests, nullptr, nullptr);
}
