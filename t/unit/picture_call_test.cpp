#include "media/picture_call.hpp"

#include "check.hpp"

using namespace mezz::media;
using mezz::Bytes;
using mezz::ErrorCode;
using mezz::test::kFine;

namespace {

std::vector<std::byte> config_of(std::size_t size) {
    return std::vector<std::byte>(size, std::byte{0x5A});
}

PictureOrder order(Bytes config) {
    PictureOrder made;
    made.codec = Codec::hevc;
    made.task = PictureTask::best_of;
    made.width = 320;
    made.height = 65535;
    made.coded_width = 1920;
    made.coded_height = 1088;
    made.pixel_aspect_h = 4;
    made.pixel_aspect_v = 3;
    made.matrix[35] = std::byte{0x40};
    made.config = config;
    made.time = -7;
    made.pictures = {{-7, 1000}, {INT64_MAX, 0}, {3, 2}};
    return made;
}

std::vector<std::byte> written(const PictureOrder& made) {
    std::vector<std::byte> bytes;
    write_picture_order(made, bytes);
    return bytes;
}

mezz::Result<PictureOrder> read(const std::vector<std::byte>& bytes) {
    const auto sizes = parse_picture_order_prefix(Bytes(bytes).first(kPictureOrderPrefix));
    if (!sizes) return std::unexpected(sizes.error());
    return parse_picture_order(Bytes(bytes).subspan(kPictureOrderPrefix), sizes->data);
}

}  // namespace

static const char* an_order_comes_back() {
    const auto config = config_of(40);
    const PictureOrder sent = order(config);
    const auto bytes = written(sent);
    const auto sizes = parse_picture_order_prefix(Bytes(bytes).first(kPictureOrderPrefix));
    MEZZ_CHECK(sizes && sizes->data == 1002 && sizes->head == bytes.size() - kPictureOrderPrefix);
    const auto got = read(bytes);
    MEZZ_CHECK(got && got->codec == sent.codec && got->task == sent.task && got->time == -7);
    MEZZ_CHECK(got->width == 320 && got->height == 65535 && got->coded_width == 1920);
    MEZZ_CHECK(got->pixel_aspect_h == 4 && got->pixel_aspect_v == 3 && got->matrix == sent.matrix);
    MEZZ_CHECK(got->config.size() == 40 && got->pictures.size() == 3);
    MEZZ_CHECK(got->pictures[1].time == INT64_MAX && got->pictures[0].size == 1000);
    MEZZ_CHECK(written(*got) == bytes);
    return kFine;
}

static const char* nonsense_is_no_order() {
    const auto config = config_of(3);
    const auto bytes = written(order(config));
    for (std::size_t size = kPictureOrderPrefix; size < bytes.size(); ++size) {
        const std::vector<std::byte> cut(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size));
        MEZZ_CHECK(!read(cut));
    }
    auto longer = bytes;
    longer.push_back({});
    MEZZ_CHECK(!read(longer));
    PictureOrder wrong = order(config);
    wrong.codec = Codec::aac;
    MEZZ_CHECK(!read(written(wrong)));
    wrong = order(config);
    wrong.pixel_aspect_v = 0;
    MEZZ_CHECK(!read(written(wrong)));
    wrong = order(config);
    wrong.pictures.clear();
    MEZZ_CHECK(!read(written(wrong)));
    const auto too_much = config_of(65537);
    MEZZ_CHECK(!read(written(order(too_much))));
    MEZZ_CHECK(!parse_picture_order(Bytes(bytes).subspan(kPictureOrderPrefix), 1001));
    return kFine;
}

static const char* large_orders_are_refused() {
    const auto config = config_of(1);
    PictureOrder large = order(config);
    large.pictures = {{0, kMostOrderedBytes}};
    MEZZ_CHECK(read(written(large)).has_value());
    large.pictures.push_back({1, 1});
    const auto refused = read(written(large));
    MEZZ_CHECK(!refused && refused.error().code == ErrorCode::too_large);
    large.pictures.assign(kMostOrderedPictures, {0, 1});
    MEZZ_CHECK(read(written(large)).has_value());
    large.pictures.push_back({});
    MEZZ_CHECK(!read(written(large)));
    const auto prefix = mezz::as_bytes(std::string_view("MZP2\0\0\0\0\0\0\0\0", 12));
    MEZZ_CHECK(parse_picture_order_prefix(prefix).error().code == ErrorCode::bad_request);
    return kFine;
}

static const char* answers() {
    for (const PictureAnswer sent : {PictureAnswer{PictureStatus::made, 5},
                                     {PictureStatus::undecodable, 0},
                                     {PictureStatus::failed, 0}}) {
        std::vector<std::byte> bytes;
        write_picture_answer(sent, bytes);
        const auto got = parse_picture_answer(bytes);
        MEZZ_CHECK(bytes.size() == kPictureAnswerPrefix && got && got->status == sent.status);
        MEZZ_CHECK(got->size == sent.size);
    }
    for (const PictureAnswer sent : {PictureAnswer{PictureStatus::made, 0},
                                     {PictureStatus::made, kLargestJpeg + 1},
                                     {PictureStatus::failed, 1},
                                     {static_cast<PictureStatus>(9), 0}}) {
        std::vector<std::byte> bytes;
        write_picture_answer(sent, bytes);
        MEZZ_CHECK(!parse_picture_answer(bytes));
    }
    return kFine;
}

int main() {
    const CMUnitTest tests[] = {MEZZ_CHECKED(an_order_comes_back), MEZZ_CHECKED(nonsense_is_no_order),
                                MEZZ_CHECKED(large_orders_are_refused), MEZZ_CHECKED(answers)};
    return cmocka_run_group_tests_name("picture_call", tests, nullptr, nullptr);
}
