#include <cmath>
#include <cstdlib>

#include "thumbnails.hpp"

namespace mezz::worker {

double picture_interest(const AVFrame& picture) noexcept {
    constexpr double kDark = 28;  // mean luma; black is 16
    constexpr double kFlat = 6;   // standard deviation
    double sum = 0;
    double squares = 0;
    double edges = 0;
    for (int y = 1; y + 1 < picture.height; ++y) {
        const std::uint8_t* const row = picture.data[0] + std::ptrdiff_t{y} * picture.linesize[0];
        const std::ptrdiff_t line = picture.linesize[0];
        for (int x = 1; x + 1 < picture.width; ++x) {
            const double luma = row[x];
            sum += luma;
            squares += luma * luma;
            edges += std::abs(4 * row[x] - row[x - 1] - row[x + 1] - row[x - line] - row[x + line]);
        }
    }
    const double count =
        std::max(1, picture.width - 2) * static_cast<double>(std::max(1, picture.height - 2));
    const double mean = sum / count;
    const double deviation = std::sqrt(std::max(0.0, squares / count - mean * mean));
    if (mean < kDark || deviation < kFlat) return 0;
    return deviation * (edges / count);
}

}  // namespace mezz::worker
