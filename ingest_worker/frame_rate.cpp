#include "frame_rate.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace mezz::worker {
namespace {

constexpr double kHighest = 60.01;
constexpr double kLowest = 1.0;

constexpr FrameRate kUsual[] = {{60, 1}, {60000, 1001}, {50, 1},       {48, 1}, {30, 1}, {30000, 1001},
                                {25, 1}, {24, 1},       {24000, 1001}, {20, 1}, {15, 1}, {15000, 1001},
                                {25, 2}, {12, 1},       {10, 1},       {8, 1},  {6, 1},  {5, 1},
                                {4, 1},  {3, 1},        {2, 1},        {1, 1}};

bool near(double a, double b, double part) {
    return std::abs(a - b) <= part * b;
}

FrameRate reduced(FrameRate rate) {
    const std::int64_t common = std::gcd(rate.num, rate.den);
    return common > 1 ? FrameRate{rate.num / common, rate.den / common} : rate;
}

// How pictures follow each other.
struct Pace {
    double rate = 0;     // of most pictures, by the median of distances; 0 if there are too few
    bool steady = true;  // nearly all have that distance
};

Pace measured_pace(std::span<const std::int64_t> times) {
    std::vector<std::int64_t> sorted(times.begin(), times.end());
    std::ranges::sort(sorted);
    std::vector<std::int64_t> distances;
    for (std::size_t i = 1; i < sorted.size(); ++i)
        if (sorted[i] > sorted[i - 1]) distances.push_back(sorted[i] - sorted[i - 1]);
    if (distances.size() < 2) return {};
    std::ranges::sort(distances);
    const auto median = static_cast<double>(distances[distances.size() / 2]);
    double sum = 0;
    double count = 0;
    for (const std::int64_t d : distances) {
        if (!near(static_cast<double>(d), median, 0.25)) continue;
        sum += static_cast<double>(d);
        ++count;
    }
    constexpr double kNearlyAll = 0.8;
    return {1e6 * count / sum, count >= kNearlyAll * static_cast<double>(distances.size())};
}

// For pictures that come at varying times: the rate that all their times fit into, or the next usual one.
FrameRate enclosing_rate(double measured, FrameRate base) {
    constexpr double kSlack = 0.98;
    if (base.known() && base.value() <= kHighest && base.value() >= measured * kSlack) return base;
    FrameRate best = kUsual[0];
    for (const FrameRate rate : kUsual)
        if (rate.value() >= measured * kSlack && rate.value() < best.value()) best = rate;
    return best;
}

// Of the rates that explain what was measured, one that the file announces, or a usual one.
FrameRate named_rate(double measured, FrameRate base, FrameRate average) {
    constexpr double kAnnounced = 0.004;
    constexpr double kClose = 0.015;
    for (const FrameRate rate : {base, average})
        if (rate.known() && near(rate.value(), measured, kAnnounced) && rate.num <= 240000)
            return reduced(rate);
    const auto best = std::ranges::min_element(
        kUsual, {}, [measured](FrameRate rate) { return std::abs(rate.value() - measured); });
    if (near(best->value(), measured, kClose)) return *best;
    return reduced({std::llround(measured * 1000), 1000});
}

}  // namespace

FrameRate choose_frame_rate(std::span<const std::int64_t> times, FrameRate base, FrameRate average) {
    Pace pace = measured_pace(times);
    if (pace.rate == 0 && average.known()) pace.rate = average.value();
    if (pace.rate == 0 && base.known()) pace.rate = base.value();
    if (pace.rate == 0) return {25, 1};
    const double measured = std::max(pace.rate, kLowest);
    FrameRate rate = pace.steady || measured > kHighest ? named_rate(measured, base, average)
                                                        : enclosing_rate(measured, base);
    while (rate.value() > kHighest)
        rate = reduced({rate.num, rate.den * 2});
    return rate;
}

FrameRate field_rate(FrameRate frames) noexcept {
    const FrameRate doubled{frames.num * 2, frames.den};
    return doubled.value() > kHighest ? frames : reduced(doubled);
}

std::int64_t gop_length(FrameRate rate, bool halved) noexcept {
    const double pictures = 2 * rate.value();
    if (halved) return std::max<std::int64_t>(2, 2 * std::llround(pictures / 2));
    return std::max<std::int64_t>(1, std::llround(pictures));
}

FrameTiming frame_timing(FrameRate rate) noexcept {
    constexpr std::int64_t kLeast = 10000;
    std::int64_t factor = 1;
    while (rate.num * factor < kLeast)
        factor *= 10;
    return {static_cast<std::uint32_t>(rate.num * factor), static_cast<std::uint32_t>(rate.den * factor)};
}

}  // namespace mezz::worker
