#include "title_complexity.hpp"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <new>
#include <thread>

#include "sample_encoder.hpp"

namespace mezz::worker {
namespace {

constexpr double kEnough = 43;         // dB; the slower presets of renditions give one less for the same CRF
constexpr double kDecibelsACrf = 0.6;  // what a step of CRF costs
constexpr double kStepsADoubling = 6;  // of CRF, for half the rate
constexpr double kRoom = 1.5;          // of the cap over what the samples need
constexpr double kUltrafast = 1.8;     // what this preset needs of the rate of the samples
constexpr double kFrames = 30;         // a second, for which caps hold
constexpr int kMostSteps = 6;
constexpr int kSmall = 360;   // lines of the smaller size
constexpr int kLarge = 1080;  // of the larger

// What a codec needs of H.264's rate.
double share_of(VideoCodec codec) {
    switch (codec) {
        case VideoCodec::hevc:
            return 0.75;
        case VideoCodec::av1:
            return 0.65;
        case VideoCodec::h264:
            break;
    }
    return 1;
}

// Between the sizes that were sampled, in proportion to the logarithm of the height.
double between(const Sample& a, const Sample& b, int height, double at_a, double at_b) {
    if (a.height == b.height) return at_a;
    const double part =
        std::log(static_cast<double>(height) / a.height) / std::log(static_cast<double>(b.height) / a.height);
    return at_a + part * (at_b - at_a);
}

struct Need {
    double psnr = 0;
    double kbps = 0;
};

Need need_at(int height, const std::vector<Sample>& samples) {
    const auto [low, high] = std::ranges::minmax(samples, {}, &Sample::height);
    const auto of_size = [&samples](int size) {
        Sample all{.height = size};
        double error = 0;
        int count = 0;
        for (const Sample& sample : samples) {
            if (sample.height != size) continue;
            all.kbps = std::max(all.kbps, sample.kbps);
            error += std::pow(10, -sample.psnr / 10);
            ++count;
        }
        all.psnr = -10 * std::log10(error / count);
        return all;
    };
    const Sample a = of_size(low.height);
    const Sample b = of_size(high.height);
    const double log_rate =
        between(a, b, height, std::log(std::max(a.kbps, 1.0)), std::log(std::max(b.kbps, 1.0)));
    return {between(a, b, height, a.psnr, b.psnr), std::exp(log_rate)};
}

VideoPlan sample_plan(const VideoInfo& info, const std::vector<Rung>& ladder) {
    const std::vector<SizedRung> rungs = choose_rungs(ladder, info.displayed);
    VideoPlan plan;
    plan.rate = info.rate;
    for (const int height :
         {std::min(rungs.front().rung.height, kLarge), std::min(rungs.back().rung.height, kSmall)}) {
        const Rung rung{.name = "sample", .height = height};
        const Size size = choose_rungs({rung}, info.displayed).front().size;
        if (plan.renditions.empty() || plan.renditions.back().size != size)
            plan.renditions.push_back({.name = rung.name, .size = size, .rung = rung});
    }
    return plan;
}

// Decodes a second from the key frame before `time` and encodes it. Nothing is added where that fails.
Outcome<void> sample_at(Demuxer& source, const AVStream& stream, std::int64_t time, int frames,
                        const Limits& limits, SampleEncoder& encoder) {
    if (time > 0 &&
        avformat_seek_file(source.get(), stream.index, INT64_MIN, time, time, AVSEEK_FLAG_BACKWARD) < 0)
        return {};
    auto decoder = Decoder::open(stream, 1, limits);
    if (!decoder) return std::unexpected(std::move(decoder.error()));
    constexpr int kMostPackets = 4000;
    const Av<AVPacket> packet = make_packet();
    const auto on_frame = [&encoder, frames](AVFrame& frame) {
        return encoder.frames() < frames ? encoder.add(frame) : Outcome<void>();
    };
    for (int n = 0; n < kMostPackets && encoder.frames() < frames; ++n) {
        const auto more = source.read(*packet);
        if (!more) return std::unexpected(more.error());
        if (!*more) break;
        Outcome<void> ok;
        if (packet->stream_index == stream.index) ok = decoder->feed(packet.get(), on_frame);
        av_packet_unref(packet.get());
        if (!ok) return ok;
    }
    return encoder.frames() < frames ? decoder->feed(nullptr, on_frame) : Outcome<void>();
}

// The moments of a title, each by whichever thread comes to it.
class Sampler {
public:
    Sampler(int fd, const MediaInfo& info, const std::vector<Rung>& ladder, const Limits& limits)
        : fd_(fd),
          info_(info),
          limits_(limits),
          plan_(sample_plan(*info.video, ladder)),
          moments_(static_cast<std::size_t>(std::clamp<std::int64_t>(1 + info.duration / kApart, 1, 5))) {}

    Outcome<std::vector<Sample>> run(unsigned threads) {
        {
            std::vector<std::jthread> others;
            for (std::size_t i = 1; i < std::min<std::size_t>(threads, moments_.size()); ++i)
                others.emplace_back([this] { take_samples(); });
            take_samples();
        }
        std::vector<Sample> all;
        for (const Outcome<std::vector<Sample>>& moment : moments_) {
            if (moment)
                all.insert(all.end(), moment->begin(), moment->end());
            else if (moment.error().kind == FailureKind::limit)
                return std::unexpected(moment.error());
        }
        return all;
    }

private:
    static constexpr std::int64_t kApart = 24000000;  // microseconds, for each of which there is one more

    void take_samples() noexcept {
        for (std::size_t moment = next_++; moment < moments_.size(); moment = next_++) {
            try {
                moments_[moment] = sample(moment);
            } catch (const std::bad_alloc&) {
                moments_[moment] =
                    give_up(FailureKind::limit, "The file needs more memory than it may have.");
            }
        }
    }

    Outcome<std::vector<Sample>> sample(std::size_t moment) {
        std::vector<Sample> samples;
        auto source = Demuxer::open(fd_, limits_);
        if (!source) return samples;
        const AVStream& stream = *source->stream(info_.video->stream);
        const auto number = static_cast<std::int64_t>(moment);
        const auto count = static_cast<std::int64_t>(moments_.size());
        const std::int64_t middle =
            count == 1 ? 0 : info_.start + info_.duration * (2 * number + 1) / (2 * count);
        const std::int64_t time = av_rescale_q(middle, kMicro, stream.time_base);
        const int frames =
            std::clamp(static_cast<int>(info_.video->rate.value()), 8, static_cast<int>(kFrames));
        SampleEncoder encoder(*info_.video, plan_);
        auto ok = sample_at(*source, stream, time, frames, limits_, encoder);
        if (ok) ok = encoder.finish(samples);
        if (!ok) return std::unexpected(std::move(ok.error()));
        return samples;
    }

    int fd_;
    const MediaInfo& info_;
    const Limits& limits_;
    VideoPlan plan_;
    std::vector<Outcome<std::vector<Sample>>> moments_;
    std::atomic<std::size_t> next_ = 0;
};

}  // namespace

Rung fit_rung(Rung rung, const std::vector<Sample>& samples) {
    if (samples.empty()) return rung;
    const Need need = need_at(rung.height, samples);
    const int steps = std::clamp(static_cast<int>((need.psnr - kEnough) / kDecibelsACrf), 0, kMostSteps);
    rung.crf += steps;
    const double faster = rung.preset == "ultrafast" ? kUltrafast : 1;
    const double kbps =
        faster * need.kbps * share_of(rung.codec) * std::exp2(-steps / kStepsADoubling) * kRoom;
    const int rounded = 50 * static_cast<int>(std::ceil(std::min(kbps, 1e6) / 50));
    rung.max_kbps = std::clamp(rounded, (rung.max_kbps + 3) / 4, rung.max_kbps);
    return rung;
}

Outcome<std::vector<Rung>> fit_ladder(int fd, const MediaInfo& info, std::vector<Rung> ladder,
                                      const Limits& limits, unsigned threads) {
    if (!info.video || info.video->interlaced || info.duration <= 0) return ladder;
    const auto samples = Sampler(fd, info, ladder, limits).run(threads);
    if (!samples) return std::unexpected(samples.error());
    for (Rung& rung : ladder)
        rung = fit_rung(std::move(rung), *samples);
    return ladder;
}

}  // namespace mezz::worker
