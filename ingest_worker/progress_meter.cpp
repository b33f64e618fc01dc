#include "progress_meter.hpp"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "catalog/asset.hpp"

namespace mezz::worker {
namespace {

// A stage from `first` on that is worth `span` per cent of the job.
double within(double first, double span, double percent) {
    return first + span * std::clamp(percent, 0.0, 100.0) / 100;
}

double one_decimal(double value) {
    return std::round(value * 10) / 10;
}

}  // namespace

double ProgressMeter::encoded() const {
    double sum = 0;
    for (const auto& [name, percent] : renditions_)
        sum += percent;
    return sum / static_cast<double>(std::max<std::size_t>(renditions_.size(), 1));
}

void ProgressMeter::take(const Progress& progress) {
    constexpr std::size_t kMostRenditions = 64;
    double now = 0;
    if (progress.stage == "probe") {
        now = within(0, 1, progress.percent);
    } else if (progress.stage == "audio") {
        now = within(2, 93, progress.percent);
    } else if (progress.stage == "video") {
        const bool known = renditions_.contains(progress.rendition);
        if (!catalog::is_rendition_name(progress.rendition) ||
            (!known && renditions_.size() == kMostRenditions))
            return;
        renditions_[progress.rendition] = std::clamp(progress.percent, 0.0, 100.0);
        now = within(2, 93, encoded());
    } else if (progress.stage == "publish") {
        now = within(96, 3, progress.percent);
    } else {
        return;
    }
    stage_ = progress.stage;
    overall_ = std::max(overall_, now);
}

std::string ProgressMeter::detail() const {
    nlohmann::ordered_json detail{{"stage", stage_}, {"renditions", nlohmann::ordered_json::object()}};
    for (const auto& [name, percent] : renditions_)
        detail["renditions"][name] = one_decimal(percent);
    return detail.dump();
}

}  // namespace mezz::worker
