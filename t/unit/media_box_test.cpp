#include "media/box.hpp"

#include "check.hpp"
#include "mp4_boxes.hpp"
#include "mp4_driver.hpp"

namespace test = mezz::test;
using mezz::Bytes;
using mezz::ErrorCode;
using mezz::media::Box;
using mezz::media::BoxIterator;
using mezz::media::find_box;
using mezz::media::fourcc;
using mezz::media::read_box_header;
using test::Buffer;
using test::Fields;
using test::refused;

namespace {

Box parent_of(Bytes children) {
    return {fourcc("moov"), 100, 8, children};
}

}  // namespace

static const char* reads_both_sizes() {
    const Buffer small = test::box("free", Fields().zeros(4));
    const auto a = read_box_header(small, 50, 1000);
    MEZZ_CHECK(a && a->type == fourcc("free") && a->offset == 50 && a->header_size == 8 && a->size == 12);
    MEZZ_CHECK(a->end() == 62 && a->payload_size() == 4);
    const Buffer large = test::large_box("mdat", Fields().zeros(4));
    const auto b = read_box_header(large, 0, 20);
    MEZZ_CHECK(b && b->header_size == 16 && b->size == 20 && b->payload_size() == 4);
    const Buffer open = test::open_box("mdat", {});
    const auto c = read_box_header(open, 10, 500);
    MEZZ_CHECK(c && c->size == 490 && c->end() == 500);
    return test::kFine;
}

static const char* refuses_sizes_that_cannot_be() {
    const auto header = [](const Fields& fields, std::uint64_t offset, std::uint64_t limit) {
        return read_box_header(Bytes(fields), offset, limit);
    };
    MEZZ_CHECK(
        refused(header(Fields().u32(7).text("free"), 0, 100), ErrorCode::bad_media, "box: size is below"));
    MEZZ_CHECK(
        refused(header(Fields().u32(1).text("free").u64(15), 0, 100), ErrorCode::bad_media, "box: size is"));
    MEZZ_CHECK(
        refused(header(Fields().u32(9).text("free"), 92, 100), ErrorCode::bad_media, "box: size exceeds"));
    MEZZ_CHECK(refused(header(Fields().u32(1).text("free").u64(UINT64_MAX), 92, 100), ErrorCode::bad_media,
                       "box: size exceeds"));
    MEZZ_CHECK(
        refused(header(Fields().u32(20).text("fre"), 0, 100), ErrorCode::bad_media, "box: header is cut"));
    MEZZ_CHECK(
        refused(header(Fields().u32(1).text("free").u32(0), 0, 100), ErrorCode::bad_media, "box: header"));
    const auto exact = header(Fields().u32(8).text("free"), 92, 100);
    MEZZ_CHECK(exact && exact->payload_size() == 0);
    return test::kFine;
}

static const char* iterates_children() {
    const Buffer bytes =
        test::join({test::box("aaaa", Fields().u8(1)), test::large_box("bbbb", Fields().u16(2)),
                    test::open_box("cccc", Fields().zeros(3))});
    BoxIterator children(parent_of(bytes));
    const auto a = children.next();
    const auto b = children.next();
    const auto c = children.next();
    const auto end = children.next();
    MEZZ_CHECK(a && *a && (*a)->type == fourcc("aaaa") && (*a)->offset == 108 && (*a)->payload.size() == 1);
    MEZZ_CHECK(b && *b && (*b)->offset == 117 && (*b)->payload_offset() == 133 && (*b)->payload.size() == 2);
    MEZZ_CHECK(c && *c && (*c)->offset == 135 && (*c)->payload.size() == 3);
    MEZZ_CHECK(end && !*end);
    return test::kFine;
}

static const char* takes_a_few_bytes_as_padding() {
    const Buffer bytes = test::join({test::box("aaaa", {}), Fields().u32(0)});
    BoxIterator children(parent_of(bytes));
    const auto a = children.next();
    const auto end = children.next();
    MEZZ_CHECK(a && *a && end && !*end);
    return test::kFine;
}

static const char* finds_the_first() {
    const Buffer bytes = test::join({test::box("aaaa", Fields().u8(1)), test::box("bbbb", Fields().u8(2)),
                                     test::box("bbbb", Fields().u8(3)), Fields().u32(99).text("over")});
    const Box parent = parent_of(bytes);
    const auto found = find_box(parent, fourcc("bbbb"));
    MEZZ_CHECK(found && *found && (*found)->payload[0] == std::byte{2});
    MEZZ_CHECK(refused(find_box(parent, fourcc("cccc")), ErrorCode::bad_media, "box: size exceeds"));
    const Box sound = parent_of(Bytes(bytes).first(9));
    MEZZ_CHECK(find_box(sound, fourcc("cccc")) && !*find_box(sound, fourcc("cccc")));
    const auto missing = require_box(sound, fourcc("cccc"), "moov: cccc is missing");
    MEZZ_CHECK(refused(missing, ErrorCode::bad_media, "moov: cccc is missing"));
    MEZZ_CHECK(missing.error().offset == 100);
    return test::kFine;
}

int main() {
    const CMUnitTest tests[] = {MEZZ_CHECKED(reads_both_sizes), MEZZ_CHECKED(refuses_sizes_that_cannot_be),
                                MEZZ_CHECKED(iterates_children), MEZZ_CHECKED(takes_a_few_bytes_as_padding),
                                MEZZ_CHECKED(finds_the_first)};
    return cmocka_run_group_tests_name("box", tests, nullptr, nullptr);
}
