// Pictures made on request: their size, their colours, and what the service does with nonsense.
#include "jpeg.hpp"
#include "jpeg_colors.hpp"
#include "picture_forms.hpp"
#include "picture_maker.hpp"
#include "thumbnails.hpp"

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

namespace {

// A picture of squares, which a blur of `radius` pixels smears, in a range from `black` to `white`.
Av<AVFrame> squares(int radius, int black, int white) {
    Av<AVFrame> picture = make_canvas({320, 192});
    const auto wave = [radius](int at) {
        double sum = 0;
        for (int d = -radius; d <= radius; ++d)
            sum += (at + d + 320) / 12 % 2;
        return sum / (2 * radius + 1);
    };
    for (int y = 0; y < picture->height; ++y)
        for (int x = 0; x < picture->width; ++x) {
            const double value = 0.4 * wave(x) + 0.3 * wave(y) + 0.3 * x / picture->width;
            picture->data[0][y * picture->linesize[0] + x] =
                static_cast<std::uint8_t>(black + value * (white - black));
        }
    return picture;
}

}  // namespace

static const char* posters_are_sharp_and_bright() {
    const double sharp = picture_interest(*squares(0, 16, 235));
    MEZZ_CHECK(sharp > 20 && sharp < 100);
    double before = sharp;
    for (const int radius : {1, 3, 9}) {  // out of focus
        const double now = picture_interest(*squares(radius, 16, 235));
        MEZZ_CHECK(now < before * 0.95);
        before = now;
    }
    before = sharp;
    for (const int white : {170, 110, 60}) {  // in a fade from black
        const double now = picture_interest(*squares(0, 16, white));
        MEZZ_CHECK(now < before * 0.9);
        before = now;
    }
    MEZZ_CHECK(picture_interest(*squares(0, 16, 24)) == 0 && picture_interest(*squares(0, 120, 122)) == 0);
    // White letters on black: sharp, but with little to see.
    const Av<AVFrame> slide = make_canvas({320, 192});
    for (int y = 80; y < 112; ++y)
        for (int x = 20; x < 300; x += 2)
            slide->data[0][y * slide->linesize[0] + x] = 235;
    MEZZ_CHECK(picture_interest(*slide) < sharp / 4);
    return test::kFine;
}

static const char* other_forms_are_smaller_and_as_good() {
    const Av<AVFrame> picture = squares(1, 0, 255);
    constexpr int kHeight = 144;
    const auto jpeg = encode_jpeg(*picture, kHeight, 85);
    MEZZ_CHECK(jpeg.has_value());
    PictureForms forms;
    for (int again = 0; again < 2; ++again) {  // the second time from what the first has found
        const auto made = forms.make(*picture, kHeight, *jpeg);
        MEZZ_CHECK(made.size() == 2 && made[0].ending == ".webp" && made[1].ending == ".avif");
        for (const auto& form : made)
            MEZZ_CHECK(form.bytes.size() < jpeg->size());
        MEZZ_CHECK(as_text(Bytes(made[0].bytes).subspan(8, 4)) == "WEBP");
        MEZZ_CHECK(as_text(Bytes(made[1].bytes).subspan(4, 8)) == "ftypavif");
        MEZZ_CHECK(as_text(made[1].bytes)
                       .find(std::string("\0\0\0\x0c"
                                         "av1C\x81",
                                         9)) != std::string::npos);
    }
    MEZZ_CHECK(similarity(*picture, *picture, 192) == 1);
    MEZZ_CHECK(similarity(*picture, *squares(3, 0, 255), 192) < 0.95);
    return test::kFine;
}

int main() {
    using test::checked;
    const CMUnitTest tests[] = {cmocka_unit_test(checked<pictures_fit>),
                                cmocka_unit_test(checked<colours_are_kept>),
                                cmocka_unit_test(checked<nonsense_is_undecodable>),
                                cmocka_unit_test(checked<posters_are_sharp_and_bright>),
                                cmocka_unit_test(checked<other_forms_are_smaller_and_as_good>)};
    return cmocka_run_group_tests_name("picture", tests, nullptr, nullptr);
}
