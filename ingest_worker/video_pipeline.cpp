#include "video_pipeline.hpp"

#include <algorithm>
#include <cmath>

namespace mezz::worker {

Outcome<std::unique_ptr<VideoPipeline>> VideoPipeline::open(const OutputFiles& files, const AVStream& stream,
                                                            const MediaInfo& info, const VideoPlan& plan,
                                                            const TranscodeOrder& order) {
    auto decoder = Decoder::open(stream, order.decoder_threads, order.limits);
    if (!decoder) return std::unexpected(std::move(decoder.error()));
    return std::unique_ptr<VideoPipeline>(new VideoPipeline(files, info, plan, order, std::move(*decoder)));
}

VideoPipeline::VideoPipeline(const OutputFiles& files, const MediaInfo& info, const VideoPlan& plan,
                             const TranscodeOrder& order, Decoder decoder)
    : files_(files),
      plan_(plan),
      decoder_(std::move(decoder)),
      graph_(*info.video, plan),
      pacer_(plan.rate, std::llround(order.limits.duration_seconds * plan.rate.value()),
             [this](const AVFrame& frame, std::int64_t first, std::int64_t count) {
                 return show(frame, first, count);
             }),
      seen_(plan.standard_range()),
      thumbnails_(files, seen_, info.duration) {
    if (plan.part.is_chunk) pacer_.begin_after(plan.part.first_time);
    if (plan.deinterlace)
        deinterlacer_.emplace(plan.every_field,
                              [this](const AVFrame& frame, std::int64_t time, std::int64_t duration) {
                                  return pacer_.add(frame, time, duration);
                              });
}

Outcome<void> VideoPipeline::feed(const AVPacket& packet) {
    return decoder_.feed(&packet, [this](AVFrame& frame) { return take(frame); });
}

Outcome<void> VideoPipeline::drain() {
    if (auto ok = decoder_.feed(nullptr, [this](AVFrame& frame) { return take(frame); }); !ok) return ok;
    return deinterlacer_ ? deinterlacer_->finish() : Outcome<void>();
}

Outcome<void> VideoPipeline::take(AVFrame& frame) {
    const std::int64_t time = decoder_.time(frame);
    const std::int64_t duration = decoder_.duration(frame);
    if (time != AV_NOPTS_VALUE && time < plan_.part.from) return {};
    if (deinterlacer_) return deinterlacer_->add(frame, time, duration);
    return pacer_.add(frame, time, duration);
}

Outcome<void> VideoPipeline::open_encoders() {
    for (const RenditionPlan& rendition : plan_.renditions) {
        auto encoder =
            VideoEncoder::open(files_, plan_, rendition, rendition.hdr ? graph_.hdr_color() : graph_.color());
        if (!encoder) return std::unexpected(std::move(encoder.error()));
        encoders_.push_back(std::make_unique<EncoderThread>(std::move(*encoder)));
    }
    return {};
}

Outcome<void> VideoPipeline::add_thumbnails(const std::vector<Av<AVFrame>>& pictures, std::int64_t first,
                                            std::int64_t count) {
    std::vector<Av<AVFrame>> standard;
    for (std::size_t i = 0; i < pictures.size(); ++i)
        if (i >= plan_.renditions.size() || !plan_.renditions[i].hdr) standard.push_back(share(*pictures[i]));
    return thumbnails_.add(standard, graph_.color(), first, count);
}

Outcome<void> VideoPipeline::show(const AVFrame& frame, std::int64_t first, std::int64_t count) {
    const std::int64_t end = std::min(first + count, plan_.part.end);
    first = std::max(first, plan_.part.first);
    count = end - first;
    if (count <= 0) return {};
    if (encoders_.empty() && plan_.part.first > 0) errors_before_ = decoder_.errors();
    const Av<AVFrame> timed = share(frame);
    timed->pts = first;
    auto pictures = graph_.convert(*timed);
    if (!pictures) return std::unexpected(std::move(pictures.error()));
    if (encoders_.empty())
        if (auto ok = open_encoders(); !ok) return ok;
    if (auto ok = add_thumbnails(*pictures, first, count); !ok) return ok;
    for (std::size_t i = 0; i < encoders_.size(); ++i)
        if (auto ok = encoders_[i]->add(std::move((*pictures)[i]), first, count); !ok) return ok;
    return {};
}

Outcome<MadeThumbs> VideoPipeline::finish_pictures(std::int64_t end) {
    if (auto ok = pacer_.finish(end); !ok) return std::unexpected(std::move(ok.error()));
    return close();
}

Outcome<MadeThumbs> VideoPipeline::close() {
    if (encoders_.empty())
        return give_up(FailureKind::source, "The file is broken: no picture can be decoded.");
    for (const auto& encoder : encoders_)
        encoder->close();
    return thumbnails_.finish(pacer_.ticks());
}

}  // namespace mezz::worker
