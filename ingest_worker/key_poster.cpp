#include "key_poster.hpp"

namespace mezz::worker {
namespace {

VideoPlan poster_plan(const VideoInfo& info) {
    const Rung rung{.name = "poster", .height = kPosterSide};
    VideoPlan plan;
    plan.rate = info.rate;
    plan.renditions.push_back(
        {.name = rung.name, .size = choose_rungs({rung}, info.displayed).front().size, .rung = rung});
    return plan;
}

}  // namespace

KeyPoster::KeyPoster(const AVStream& stream, const VideoInfo& info, const Limits& limits)
    : stream_(stream), limits_(limits), info_(info), plan_(poster_plan(info)), graph_(info_, plan_) {}

Outcome<void> KeyPoster::consider(const AVPacket& packet) {
    constexpr int kMostLooks = 12;
    if ((packet.flags & AV_PKT_FLAG_KEY) == 0 || packet.size == 0) return {};
    const bool late = packet.pts != AV_NOPTS_VALUE &&
                      av_rescale_q(packet.pts, stream_.time_base, kMicro) > kPosterWithin * 1000000;
    if (looks_ == kMostLooks || (late && best_)) return {};
    ++looks_;
    auto decoder = Decoder::open(stream_, 1, limits_);
    if (!decoder) return std::unexpected(std::move(decoder.error()));
    const auto on_frame = [this](AVFrame& frame) { return look_at(frame); };
    if (auto ok = decoder->feed(&packet, on_frame); !ok) return ok;
    return decoder->feed(nullptr, on_frame);
}

Outcome<void> KeyPoster::look_at(AVFrame& frame) {
    frame.pts = looks_;
    auto pictures = graph_.convert(frame);
    if (!pictures) return std::unexpected(std::move(pictures.error()));
    const double interest = picture_interest(*pictures->front());
    if (interest <= interest_) return {};
    interest_ = interest;
    best_ = std::move(pictures->front());
    return {};
}

Outcome<void> KeyPoster::finish(const OutputFiles& files) {
    if (!best_) return give_up(FailureKind::source, "The file is broken: no picture can be decoded.");
    return write_poster(files, *best_, graph_.color());
}

}  // namespace mezz::worker
