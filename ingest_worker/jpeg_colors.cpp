#include "jpeg_colors.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <vector>

namespace mezz::worker {
namespace {

constexpr int kBits = 14;  // of the fractions
constexpr int kHalf = 1 << (kBits - 1);
constexpr int kNeutral = 128;

// Y' = luma·Y + luma_blue·U + luma_red·V, and so on, U and V without their 128. Grey stays grey in any
// matrix, so that nothing of Y gets into the colours.
struct Coefficients {
    int luma, black;  // black: the Y of black
    int luma_blue, luma_red;
    int blue_blue, blue_red;
    int red_blue, red_red;
};

Coefficients coefficients(AVColorSpace matrix, bool full_range) noexcept {
    struct Weights {
        double red, blue;
    };
    constexpr Weights kJpeg{0.299, 0.114};
    const Weights from = matrix == AVCOL_SPC_BT709 ? Weights{0.2126, 0.0722} : kJpeg;
    const double luma = full_range ? 1 : 255.0 / 219;
    const double chroma = full_range ? 1 : 255.0 / 224;
    // R − Y and B − Y per unit of V and U; then G − Y, with which the new Y, B − Y and R − Y are made.
    const double red = 2 * (1 - from.red) * chroma;
    const double blue = 2 * (1 - from.blue) * chroma;
    const double green_weight = 1 - from.red - from.blue;
    const double green_red = -from.red * red / green_weight;
    const double green_blue = -from.blue * blue / green_weight;
    const double jpeg_green = 1 - kJpeg.red - kJpeg.blue;
    const double luma_red = kJpeg.red * red + jpeg_green * green_red;
    const double luma_blue = kJpeg.blue * blue + jpeg_green * green_blue;
    const auto fixed = [](double value) { return static_cast<int>(std::lround(value * (1 << kBits))); };
    return {fixed(luma),
            full_range ? 0 : 16,
            fixed(luma_blue),
            fixed(luma_red),
            fixed((blue - luma_blue) / (2 * (1 - kJpeg.blue))),
            fixed(-luma_red / (2 * (1 - kJpeg.blue))),
            fixed(-luma_blue / (2 * (1 - kJpeg.red))),
            fixed((red - luma_red) / (2 * (1 - kJpeg.red)))};
}

std::uint8_t clipped(int value) noexcept {
    return static_cast<std::uint8_t>(std::clamp(value >> kBits, 0, 255));
}

// The loops over a line, written so that the compiler makes vectors of them.
#define MEZZ_VECTORS [[gnu::optimize("O3"), gnu::target_clones("avx2", "default")]]

MEZZ_VECTORS
void convert_chroma(const std::uint8_t* __restrict blue, const std::uint8_t* __restrict red, int width,
                    int by_blue, int by_red, std::uint8_t* __restrict to) {
    constexpr int kRound = kNeutral * (1 << kBits) + kHalf;
    for (int x = 0; x < width; ++x)
        to[x] = clipped(by_blue * (blue[x] - kNeutral) + by_red * (red[x] - kNeutral) + kRound);
}

// What the colours add to the luma of the two pixels that share them.
MEZZ_VECTORS
void luma_of_chroma(const std::uint8_t* __restrict blue, const std::uint8_t* __restrict red, int width,
                    const Coefficients& by, int* __restrict to) {
    const int by_blue = by.luma_blue;
    const int by_red = by.luma_red;
    const int offset = kHalf - by.luma * by.black;
    for (int x = 0; x < width; ++x)
        to[x] = by_blue * (blue[x] - kNeutral) + by_red * (red[x] - kNeutral) + offset;
}

MEZZ_VECTORS
void convert_luma(const std::uint8_t* __restrict from, const int* __restrict part, int half_width, int factor,
                  std::uint8_t* __restrict to) {
    for (int x = 0; x < half_width; ++x) {
        to[2 * x] = clipped(factor * from[2 * x] + part[x]);
        to[2 * x + 1] = clipped(factor * from[2 * x + 1] + part[x]);
    }
}

#undef MEZZ_VECTORS

void copy_plane(const AVFrame& from, AVFrame& to, int plane, int width, int height) {
    for (std::ptrdiff_t y = 0; y < height; ++y)
        std::memcpy(to.data[plane] + y * to.linesize[plane], from.data[plane] + y * from.linesize[plane],
                    static_cast<std::size_t>(width));
}

}  // namespace

void copy_as_jpeg(const AVFrame& from, AVColorSpace matrix, bool full_range, AVFrame& to) {
    const int half_width = to.width / 2;
    if (full_range && matrix != AVCOL_SPC_BT709) {
        copy_plane(from, to, 0, to.width, to.height);
        copy_plane(from, to, 1, half_width, to.height / 2);
        copy_plane(from, to, 2, half_width, to.height / 2);
        return;
    }
    const Coefficients by = coefficients(matrix, full_range);
    std::vector<int> part(static_cast<std::size_t>(half_width));
    const auto line = [](const AVFrame& frame, int plane, std::ptrdiff_t y) {
        return frame.data[plane] + y * frame.linesize[plane];
    };
    for (std::ptrdiff_t y = 0; y < to.height / 2; ++y) {
        const std::uint8_t* const blue = line(from, 1, y);
        const std::uint8_t* const red = line(from, 2, y);
        convert_chroma(blue, red, half_width, by.blue_blue, by.blue_red, line(to, 1, y));
        convert_chroma(blue, red, half_width, by.red_blue, by.red_red, line(to, 2, y));
        luma_of_chroma(blue, red, half_width, by, part.data());
        for (const std::ptrdiff_t l : {2 * y, 2 * y + 1})
            convert_luma(line(from, 0, l), part.data(), half_width, by.luma, line(to, 0, l));
    }
}

}  // namespace mezz::worker
