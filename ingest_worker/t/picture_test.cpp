// Pictures made on request: their size, their colours, and what the service does with nonsense.
#include "jpeg.hpp"
#include "jpeg_colors.hpp"
#include "picture_maker.hpp"

#include <cmath>

#include "check.hpp"

using namespace mezz;
using namespace mezz::worker;

namespace {

media::PictureOrder order(std::array<int, 4> matrix = {1, 0, 0, 1}) {
    media::PictureOrder made;
    std::vector<std::byte> bytes;
    ByteWriter out(bytes);
    for (const int number : {matrix[0], matrix[1], 0, matrix[2], matrix[3], 0, 0, 0, 0x4000})
        out.u32(static_cast<std::uint32_t>(number * 65536));
    std::ranges::copy(bytes, made.matrix.begin());
    return made;
}

bool is(Size size, int width, int height) {
    return size.width == width && size.height == height;
}

// One colour through copy_as_jpeg(), and then, as a viewer would, to RGB.
bool shows(AVColorSpace matrix, bool full, std::array<int, 3> yuv, std::array<int, 3> rgb) {
    constexpr int kOff = 2;  // of 255, by rounding
    Av<AVFrame> from = make_canvas({16, 2});
    for (int plane = 0; plane < 3; ++plane)
        std::memset(from->data[plane], yuv[static_cast<std::size_t>(plane)],
                    static_cast<std::size_t>(from->linesize[plane]) * (plane == 0 ? 2 : 1));
    const Av<AVFrame> to = make_canvas({16, 2});
    copy_as_jpeg(*from, matrix, full, *to);
    const double y = to->data[0][15];
    const double u = to->data[1][7] - 128.0;
    const double v = to->data[2][7] - 128.0;
    const std::array<double, 3> got{y + 1.402 * v, y - 0.344136 * u - 0.714136 * v, y + 1.772 * u};
    for (std::size_t i = 0; i < 3; ++i)
        if (std::abs(std::clamp(got[i], 0.0, 255.0) - rgb[i]) > kOff) return false;
    return true;
}

}  // namespace

static const char* pictures_fit() {
    media::PictureOrder plain = order();
    MEZZ_CHECK(is(shown_size({1920, 1080}, plain), 1920, 1080) &&
               is(shown_size({321, 181}, plain), 320, 180));
    plain.width = 320;
    MEZZ_CHECK(is(shown_size({1920, 1080}, plain), 320, 180) && is(shown_size({160, 90}, plain), 160, 90));
    plain.height = 100;
    MEZZ_CHECK(is(shown_size({1920, 1080}, plain), 178, 100) && is(shown_size({16000, 16}, plain), 320, 2));
    media::PictureOrder wide = order();
    wide.pixel_aspect_h = 4;
    wide.pixel_aspect_v = 3;
    MEZZ_CHECK(is(shown_size({720, 576}, wide), 960, 576));
    std::swap(wide.pixel_aspect_h, wide.pixel_aspect_v);
    MEZZ_CHECK(is(shown_size({720, 576}, wide), 720, 768));
    media::PictureOrder turned = order({0, 1, -1, 0});
    turned.width = 540;
    MEZZ_CHECK(is(shown_size({1920, 1080}, turned), 540, 960));
    return test::kFine;
}

static const char* colours_are_kept() {
    MEZZ_CHECK(shows(AVCOL_SPC_BT709, false, {16, 128, 128}, {0, 0, 0}));
    MEZZ_CHECK(shows(AVCOL_SPC_BT709, false, {235, 128, 128}, {255, 255, 255}));
    MEZZ_CHECK(shows(AVCOL_SPC_BT709, false, {63, 102, 240}, {255, 0, 0}));
    MEZZ_CHECK(shows(AVCOL_SPC_BT709, false, {173, 42, 26}, {0, 255, 0}));
    MEZZ_CHECK(shows(AVCOL_SPC_BT709, false, {32, 240, 118}, {0, 0, 255}));
    MEZZ_CHECK(shows(AVCOL_SPC_SMPTE170M, false, {81, 90, 240}, {255, 0, 0}));
    MEZZ_CHECK(shows(AVCOL_SPC_SMPTE170M, false, {145, 54, 34}, {0, 255, 0}));
    MEZZ_CHECK(shows(AVCOL_SPC_SMPTE170M, true, {76, 85, 255}, {255, 0, 0}));
    MEZZ_CHECK(shows(AVCOL_SPC_BT709, true, {54, 99, 255}, {255, 0, 0}));
    return test::kFine;
}

static const char* nonsense_is_undecodable() {
    PictureMaker maker;
    const std::vector<std::byte> noise(5000, std::byte{0xA5});
    for (const auto codec : {media::Codec::h264, media::Codec::hevc, media::Codec::av1, media::Codec::vp9}) {
        media::PictureOrder made = order();
        made.codec = codec;
        made.config = Bytes(noise).first(20);
        made.pictures = {{0, 5000}};
        const auto jpeg = maker.make(made, noise, [] { return true; });
        MEZZ_CHECK(!jpeg && jpeg.error().kind == FailureKind::source);
        made.task = media::PictureTask::best_of;
        MEZZ_CHECK(!maker.make(made, noise, [] { return true; }));
    }
    return test::kFine;
}

int main() {
    using test::checked;
    const CMUnitTest tests[] = {cmocka_unit_test(checked<pictures_fit>),
                                cmocka_unit_test(checked<colours_are_kept>),
                                cmocka_unit_test(checked<nonsense_is_undecodable>)};
    return cmocka_run_group_tests_name("picture", tests, nullptr, nullptr);
}
