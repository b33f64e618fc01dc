// Interlaced pictures become progressive ones; others pass.
#pragma once

#include <functional>
#include <optional>

#include "filter_graph.hpp"

namespace mezz::worker {

class Deinterlacer {
public:
    using OnPicture =
        std::function<Outcome<void>(const AVFrame& frame, std::int64_t time, std::int64_t duration)>;

    /// With `every_field`, each field of an interlaced picture becomes a picture.
    Deinterlacer(bool every_field, OnPicture on_picture)
        : every_field_(every_field), on_picture_(std::move(on_picture)) {}

    /// Times in microseconds. Pictures come out one later.
    [[nodiscard]] Outcome<void> add(AVFrame& frame, std::int64_t time, std::int64_t duration);
    [[nodiscard]] Outcome<void> finish();

private:
    [[nodiscard]] Outcome<void> drain();

    bool every_field_;
    OnPicture on_picture_;
    std::optional<FilterGraph> graph_;
    FrameShape shape_;
    std::int64_t duration_ = 0;
};

}  // namespace mezz::worker
