// How far a job is as a whole, from what its stages tell.
#pragma once

#include <map>
#include <string>

#include "progress.hpp"

namespace mezz::worker {

/// Probing is worth 1 %, encoding 2 to 95 %, publishing 96 to 99 %; the last per cent is the database's.
class ProgressMeter {
public:
    /// Stages and renditions of unknown or impossible names are passed over.
    void take(const Progress& progress);

    /// 0 to 99, never falls.
    [[nodiscard]] double overall() const noexcept { return overall_; }
    [[nodiscard]] const std::string& stage() const noexcept { return stage_; }

    /// {"stage":"video","renditions":{"720p":42.0,…}}, to one decimal.
    [[nodiscard]] std::string detail() const;

private:
    [[nodiscard]] double encoded() const;

    std::string stage_ = "probe";
    std::map<std::string, double> renditions_;
    double overall_ = 0;
};

}  // namespace mezz::worker
