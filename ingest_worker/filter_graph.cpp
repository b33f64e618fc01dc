#include "filter_graph.hpp"

#include <cerrno>
#include <new>

namespace mezz::worker {
namespace {

// Prepends the open end of a graph: `name` in its description is `filter`.
int add_end(Av<AVFilterInOut>& ends, const std::string& name, AVFilterContext* filter) {
    Av<AVFilterInOut> end(avfilter_inout_alloc());
    if (!end) return AVERROR(ENOMEM);
    end->name = av_strdup(name.c_str());
    if (end->name == nullptr) return AVERROR(ENOMEM);
    end->filter_ctx = filter;
    end->next = ends.release();
    ends = std::move(end);
    return 0;
}

}  // namespace

FrameShape shape_of(const AVFrame& frame) noexcept {
    return {frame.width,       frame.height,    frame.format,         frame.colorspace,
            frame.color_range, frame.color_trc, frame.color_primaries};
}

Outcome<FilterGraph> FilterGraph::make(const FrameShape& shape, const std::string& description, int outputs) {
    constexpr int kThreads = 2;
    Av<AVFilterGraph> empty(avfilter_graph_alloc());
    if (!empty) throw std::bad_alloc();
    empty->nb_threads = kThreads;
    FilterGraph graph(std::move(empty));
    const int error = graph.connect(shape, description, outputs);
    if (error < 0) return av_failure(error, FailureKind::source, "The pictures' format cannot be converted.");
    return graph;
}

int FilterGraph::connect(const FrameShape& shape, const std::string& description, int outputs) {
    const std::string source = "video_size=" + std::to_string(shape.width) + "x" +
                               std::to_string(shape.height) + ":pix_fmt=" + std::to_string(shape.format) +
                               ":time_base=1/1000000:pixel_aspect=1/1";
    AVFilterGraph* const graph = graph_.get();
    int error = avfilter_graph_create_filter(&input_, avfilter_get_by_name("buffer"), "in", source.c_str(),
                                             nullptr, graph);
    Av<AVFilterInOut> first;
    if (error >= 0) error = add_end(first, "in", input_);
    Av<AVFilterInOut> last;
    for (int i = 0; i < outputs && error >= 0; ++i) {
        const std::string name = "out" + std::to_string(i);
        AVFilterContext*& sink = outputs_.emplace_back();
        error = avfilter_graph_create_filter(&sink, avfilter_get_by_name("buffersink"), name.c_str(), nullptr,
                                             nullptr, graph);
        if (error >= 0) error = add_end(last, name, sink);
    }
    if (error < 0) return error;
    // The parser takes both lists and gives back what it did not use.
    AVFilterInOut* open_inputs = last.release();
    AVFilterInOut* open_outputs = first.release();
    error = avfilter_graph_parse_ptr(graph, description.c_str(), &open_inputs, &open_outputs, nullptr);
    last.reset(open_inputs);
    first.reset(open_outputs);
    return error < 0 ? error : avfilter_graph_config(graph, nullptr);
}

Outcome<void> FilterGraph::put(AVFrame* frame) {
    const int error = av_buffersrc_add_frame_flags(input_, frame, AV_BUFFERSRC_FLAG_KEEP_REF);
    if (error < 0 && error != AVERROR_EOF)
        return av_failure(error, FailureKind::source, "The pictures' format cannot be converted.");
    return {};
}

Outcome<Av<AVFrame>> FilterGraph::take(int output) {
    Av<AVFrame> frame = make_frame();
    const int error = av_buffersink_get_frame(outputs_[static_cast<std::size_t>(output)], frame.get());
    if (error == AVERROR(EAGAIN) || error == AVERROR_EOF) return Av<AVFrame>();
    if (error < 0) return av_failure(error, FailureKind::source, "The pictures' format cannot be converted.");
    return frame;
}

std::int64_t FilterGraph::time(int output, const AVFrame& frame) const noexcept {
    if (frame.pts == AV_NOPTS_VALUE) return frame.pts;
    return av_rescale_q(frame.pts, av_buffersink_get_time_base(outputs_[static_cast<std::size_t>(output)]),
                        kMicro);
}

}  // namespace mezz::worker
