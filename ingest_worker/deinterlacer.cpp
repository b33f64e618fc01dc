#include "deinterlacer.hpp"

namespace mezz::worker {

Outcome<void> Deinterlacer::add(AVFrame& frame, std::int64_t time, std::int64_t duration) {
    if (!graph_ || shape_of(frame) != shape_) {
        if (auto ok = finish(); !ok) return ok;
        shape_ = shape_of(frame);
        const std::string mode = every_field_ ? "send_field" : "send_frame";
        auto graph = FilterGraph::make(shape_, "[in]bwdif=mode=" + mode + ":deint=interlaced[out0]", 1);
        if (!graph) return std::unexpected(std::move(graph.error()));
        graph_ = std::move(*graph);
    }
    duration_ = every_field_ ? duration / 2 : duration;
    frame.pts = time;
    if (auto ok = graph_->put(&frame); !ok) return ok;
    return drain();
}

Outcome<void> Deinterlacer::drain() {
    for (;;) {
        const auto frame = graph_->take(0);
        if (!frame) return std::unexpected(frame.error());
        if (!*frame) return {};
        if (auto ok = on_picture_(**frame, graph_->time(0, **frame), duration_); !ok) return ok;
    }
}

Outcome<void> Deinterlacer::finish() {
    if (!graph_) return {};
    if (auto ok = graph_->put(nullptr); !ok) return ok;
    auto ok = drain();
    graph_.reset();
    return ok;
}

}  // namespace mezz::worker
