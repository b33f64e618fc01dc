#include "loudness_meter.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>

namespace mezz::worker {
namespace {

constexpr double kSilence = -69;  // LUFS; the scale ends at -70

std::unexpected<Failure> failed(int error) {
    return av_failure(error, FailureKind::internal, "The loudness could not be measured.");
}

std::optional<double> number(const AVDictionary* metadata, const char* key) {
    const AVDictionaryEntry* const entry = av_dict_get(metadata, key, nullptr, 0);
    if (entry == nullptr) return std::nullopt;
    const double value = std::strtod(entry->value, nullptr);
    return std::isfinite(value) ? std::optional(value) : std::nullopt;
}

}  // namespace

Outcome<LoudnessMeter> LoudnessMeter::open(int rate, int channels) {
    LoudnessMeter meter{Av<AVFilterGraph>(avfilter_graph_alloc())};
    AVFilterGraph* const graph = meter.graph_.get();
    if (graph == nullptr) throw std::bad_alloc();
    graph->nb_threads = 1;
    AVChannelLayout layout{};
    av_channel_layout_default(&layout, channels);
    char name[64] = "";
    av_channel_layout_describe(&layout, name, sizeof(name));
    const std::string source = "sample_rate=" + std::to_string(rate) +
                               ":sample_fmt=fltp:channel_layout=" + name + ":time_base=1/" +
                               std::to_string(rate);
    AVFilterContext* measure = nullptr;
    int error = avfilter_graph_create_filter(&meter.input_, avfilter_get_by_name("abuffer"), "in",
                                             source.c_str(), nullptr, graph);
    AVFilterContext* convert = nullptr;
    if (error >= 0)
        error = avfilter_graph_create_filter(&convert, avfilter_get_by_name("aresample"), "convert", nullptr,
                                             nullptr, graph);
    if (error >= 0)
        error = avfilter_graph_create_filter(&measure, avfilter_get_by_name("ebur128"), "measure",
                                             "metadata=1:peak=true:framelog=verbose", nullptr, graph);
    if (error >= 0)
        error = avfilter_graph_create_filter(&meter.output_, avfilter_get_by_name("abuffersink"), "out",
                                             nullptr, nullptr, graph);
    if (error >= 0) error = avfilter_link(meter.input_, 0, convert, 0);
    if (error >= 0) error = avfilter_link(convert, 0, measure, 0);
    if (error >= 0) error = avfilter_link(measure, 0, meter.output_, 0);
    if (error >= 0) error = avfilter_graph_config(graph, nullptr);
    if (error < 0) return failed(error);
    return meter;
}

Outcome<void> LoudnessMeter::add(const AVFrame& samples) {
    const Av<AVFrame> timed = share(samples);
    timed->pts = position_;
    position_ += samples.nb_samples;
    int error = av_buffersrc_add_frame_flags(input_, timed.get(), AV_BUFFERSRC_FLAG_KEEP_REF);
    const Av<AVFrame> out = make_frame();
    while (error >= 0) {
        error = av_buffersink_get_frame(output_, out.get());
        if (error == AVERROR(EAGAIN) || error == AVERROR_EOF) return {};
        if (error < 0) break;
        read(out->metadata);
        av_frame_unref(out.get());
    }
    return failed(error);
}

void LoudnessMeter::read(const AVDictionary* metadata) {
    const auto integrated = number(metadata, "lavfi.r128.I");
    const auto range = number(metadata, "lavfi.r128.LRA");
    if (!integrated || !range || *integrated < kSilence) return;
    // A range is one of values of 3 s each (EBU Tech 3342 §3); of the first of them alone the filter says 20
    // LU.
    constexpr int kSecondsOfRange = 4;
    const bool has_range =
        position_ >= std::int64_t{kSecondsOfRange} * av_buffersink_get_sample_rate(output_);
    constexpr double kLeast = 1e-5;
    const double peak = number(metadata, "lavfi.r128.true_peak").value_or(0);  // 1 is full scale
    result_ = Loudness{*integrated, has_range ? *range : 0, 20 * std::log10(std::max(peak, kLeast))};
}

}  // namespace mezz::worker
