#include <array>
#include <cmath>
#include <cstdlib>

#include "thumbnails.hpp"

namespace mezz::worker {
namespace {

struct Statistics {
    double mean = 0;       // of the luma
    double deviation = 0;  // standard
    double edges = 0;      // mean of the Laplacian's absolute value: what blur takes away
    double entropy = 0;  // of a histogram of 64 steps, 0 to 1: what a slide of text, or a fade, has little of
};

constexpr std::size_t kSteps = 64;

double entropy_of(const std::array<std::uint32_t, kSteps>& histogram, double count) noexcept {
    double bits = 0;
    for (const std::uint32_t n : histogram)
        if (n != 0) bits -= n / count * std::log2(n / count);
    return bits / std::log2(kSteps);
}

Statistics measure(const AVFrame& picture) noexcept {
    double sum = 0;
    double squares = 0;
    double edges = 0;
    std::array<std::uint32_t, kSteps> histogram{};
    for (int y = 1; y + 1 < picture.height; ++y) {
        const std::uint8_t* const row = picture.data[0] + std::ptrdiff_t{y} * picture.linesize[0];
        const std::ptrdiff_t line = picture.linesize[0];
        for (int x = 1; x + 1 < picture.width; ++x) {
            const double luma = row[x];
            sum += luma;
            squares += luma * luma;
            edges += std::abs(4 * row[x] - row[x - 1] - row[x + 1] - row[x - line] - row[x + line]);
            ++histogram[row[x] * kSteps / 256];
        }
    }
    const double count =
        std::max(1, picture.width - 2) * static_cast<double>(std::max(1, picture.height - 2));
    const double mean = sum / count;
    return {mean, std::sqrt(std::max(0.0, squares / count - mean * mean)), edges / count,
            entropy_of(histogram, count)};
}

// Half of what there can be at `middle`; more and more of it counts less and less.
double saturated(double value, double middle) noexcept {
    return value / (value + middle);
}

}  // namespace

double picture_interest(const AVFrame& picture) noexcept {
    constexpr double kDark = 28;  // mean luma; black is 16
    constexpr double kFlat = 6;   // standard deviation
    constexpr double kBright = 40;
    constexpr double kContrast = 24;
    constexpr double kSharp = 6;
    const Statistics found = measure(picture);
    if (found.mean < kDark || found.deviation < kFlat) return 0;
    return 100 * found.entropy * saturated(found.deviation, kContrast) * saturated(found.edges, kSharp) *
           saturated(found.mean - 16, kBright);
}

}  // namespace mezz::worker
