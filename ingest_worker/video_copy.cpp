#include "video_copy.hpp"

extern "C" {
#include <libavutil/dovi_meta.h>
}

#include <algorithm>

#include "decoder.hpp"

namespace mezz::worker {
namespace {

constexpr std::int64_t kShortestGroupMs = 1500;
constexpr std::int64_t kLongestGroupMs = 10500;
constexpr std::size_t kLargestGroup = 192U << 20;
constexpr std::uint32_t kUsualTimescale = 90000;

std::unexpected<Failure> refuse(const std::string& why) {
    return give_up(FailureKind::source, "The pictures cannot be copied: " + why);
}

std::uint32_t timescale_for(AVRational time_base) {
    constexpr int kCoarsest = 1000;
    constexpr int kFinest = 1000000;
    const bool whole = time_base.num == 1 && time_base.den >= kCoarsest && time_base.den <= kFinest;
    return whole ? static_cast<std::uint32_t>(time_base.den) : kUsualTimescale;
}

bool is_played(const AVCodecParameters& stream) {
    const auto format = static_cast<AVPixelFormat>(stream.format);
    const bool eight = format == AV_PIX_FMT_YUV420P || format == AV_PIX_FMT_YUVJ420P;
    switch (stream.codec_id) {
        case AV_CODEC_ID_H264:
            return eight;
        case AV_CODEC_ID_HEVC:
        case AV_CODEC_ID_AV1:
        case AV_CODEC_ID_VP9:
            return eight || format == AV_PIX_FMT_YUV420P10;
        default:
            return false;
    }
}

// Profile 5 of Dolby Vision shows wrong colours where it is not understood.
bool needs_dolby_vision(const AVStream& stream) {
    std::size_t size = 0;
    const std::uint8_t* const data = av_stream_get_side_data(&stream, AV_PKT_DATA_DOVI_CONF, &size);
    if (data == nullptr || size < sizeof(AVDOVIDecoderConfigurationRecord)) return false;
    return reinterpret_cast<const AVDOVIDecoderConfigurationRecord*>(data)->dv_bl_signal_compatibility_id ==
           0;
}

Outcome<void> check_head(const AVStream& stream, const VideoInfo& info) {
    const AVCodecParameters& parameters = *stream.codecpar;
    if (!is_played(parameters) || needs_dolby_vision(stream))
        return refuse("players do not know their format, " + codec_name(parameters.codec_id) + ".");
    if (info.orientation != Orientation()) return refuse("they must be turned.");
    if (info.interlaced) return refuse("they are interlaced.");
    return {};
}

}  // namespace

VideoCopy::VideoCopy(const AVStream& stream, const Limits& limits, std::uint32_t timescale) noexcept
    : time_base_(stream.time_base),
      reorders_(stream.codecpar->video_delay > 0),
      timescale_(timescale),
      most_ticks_(std::int64_t{limits.duration_seconds} * timescale) {}

Outcome<VideoCopy> VideoCopy::open(const OutputFiles& files, const AVStream& stream, const VideoInfo& info,
                                   const Limits& limits) {
    if (auto ok = check_head(stream, info); !ok) return std::unexpected(std::move(ok.error()));
    VideoCopy copy(stream, limits, timescale_for(stream.time_base));
    const Av<AVCodecParameters> parameters(avcodec_parameters_alloc());
    if (!parameters || avcodec_parameters_copy(parameters.get(), stream.codecpar) < 0) throw std::bad_alloc();
    if (stream.sample_aspect_ratio.num > 0) parameters->sample_aspect_ratio = stream.sample_aspect_ratio;
    if (parameters->codec_id == AV_CODEC_ID_H264 || parameters->codec_id == AV_CODEC_ID_HEVC) {
        auto framing = NalFraming::open(*parameters);
        if (!framing) return std::unexpected(std::move(framing.error()));
        copy.framing_ = std::move(*framing);
        // The same size, other bytes.
        std::ranges::copy(copy.framing_->head(), reinterpret_cast<std::byte*>(parameters->extradata));
    }
    auto writer = MezzanineWriter::open(files, *parameters, copy.timescale_, {});
    if (!writer) return std::unexpected(std::move(writer.error()));
    copy.writer_ = std::move(*writer);
    copy.usual_ =
        std::max<std::int64_t>(1, av_rescale(copy.timescale_, std::max<std::int64_t>(info.rate.den, 1),
                                             std::max<std::int64_t>(info.rate.num, 1)));
    return copy;
}

// True at a point where decoding can begin.
Outcome<bool> VideoCopy::inspect(AVPacket& packet) const {
    constexpr int kUnusable = AV_PKT_FLAG_DISCARD | AV_PKT_FLAG_CORRUPT;
    if ((packet.flags & kUnusable) != 0) return refuse("some are damaged, or not to be shown.");
    if (packet.pts == AV_NOPTS_VALUE && !reorders_) packet.pts = packet.dts;
    if (packet.pts == AV_NOPTS_VALUE) return refuse("they have no times.");
    const bool marked = (packet.flags & AV_PKT_FLAG_KEY) != 0;
    if (!framing_) return marked;
    const auto random_access = framing_->rewrite(packet);
    if (!random_access) return random_access;
    return marked && *random_access;
}

Outcome<void> VideoCopy::feed(AVPacket& packet) {
    const auto random_access = inspect(packet);
    if (!random_access) return std::unexpected(random_access.error());
    packet.pts = av_rescale_q(packet.pts, time_base_, {1, static_cast<int>(timescale_)});
    packet.duration = av_rescale_q(packet.duration, time_base_, {1, static_cast<int>(timescale_)});
    if (group_.empty() && !*random_access) return {};
    return take(packet, *random_access);
}

Outcome<void> VideoCopy::take(AVPacket& packet, bool random_access) {
    if (auto ok = split_group(packet); !ok) return ok;
    if (group_.empty() && first_group_) packet.pts = 0;  // a late picture is shown from the start
    const std::int64_t begin = group_.empty() ? packet.pts : group_.front()->pts;
    // What precedes the very first random access point refers to pictures that are not there.
    if (packet.pts < begin && first_group_) return {};
    if (packet.pts < begin) return refuse("groups of them refer to each other.");
    if (random_access && packet.pts - begin >= av_rescale(kShortestGroupMs, timescale_, 1000))
        candidate_ = group_.size();
    end_ = std::max(end_, packet.pts + (packet.duration > 0 ? packet.duration : usual_));
    if (end_ > most_ticks_) return give_up(FailureKind::limit, "The video lasts longer than is accepted.");
    group_bytes_ += static_cast<std::size_t>(packet.size);
    Av<AVPacket> kept = make_packet();
    av_packet_move_ref(kept.get(), &packet);
    if (av_packet_make_refcounted(kept.get()) < 0) throw std::bad_alloc();
    group_.push_back(std::move(kept));
    return check_group();
}

// A random access point begins a new group unless the next packet is shown before it: it then refers to both.
Outcome<void> VideoCopy::split_group(const AVPacket& next) {
    if (!candidate_) return {};
    const std::size_t at = *candidate_;
    candidate_.reset();
    if (next.pts < group_[at]->pts) return {};
    std::vector<Av<AVPacket>> begun;
    for (std::size_t i = at; i < group_.size(); ++i)
        begun.push_back(std::move(group_[i]));
    group_.resize(at);
    if (auto ok = write_group(begun.front()->pts); !ok) return ok;
    group_ = std::move(begun);
    for (const auto& packet : group_)
        group_bytes_ += static_cast<std::size_t>(packet->size);
    return {};
}

Outcome<void> VideoCopy::check_group() const {
    if (end_ - group_.front()->pts > av_rescale(kLongestGroupMs, timescale_, 1000) ||
        group_bytes_ > kLargestGroup)
        return refuse("there is too much between two places to begin at.");
    return {};
}

// Decoding times are made anew: those of a closed group are its presentation times in order, so that each
// fragment's decoding time is the time at which its first picture is shown.
Outcome<void> VideoCopy::write_group(std::int64_t end) {
    const std::int64_t delay = av_rescale(2 * kLongestGroupMs, timescale_, 1000);
    std::vector<std::int64_t> times;
    times.reserve(group_.size() + 1);
    for (const auto& packet : group_)
        times.push_back(packet->pts);
    std::ranges::sort(times);
    times.push_back(end);
    if (std::ranges::adjacent_find(times, std::greater_equal{}) != times.end())
        return refuse("their times are out of order.");
    for (std::size_t i = 0; i < group_.size(); ++i) {
        AVPacket& packet = *group_[i];
        packet.dts = times[i] - delay;
        packet.duration = times[i + 1] - times[i];
        if (auto ok = writer_->write(packet, i == 0); !ok) return ok;
    }
    group_.clear();
    group_bytes_ = 0;
    first_group_ = false;
    return {};
}

std::int64_t VideoCopy::end_time() const noexcept {
    return av_rescale(end_, 1000000, timescale_);
}

Outcome<void> VideoCopy::finish(const std::string& name, std::int64_t end) {
    if (group_.empty()) return refuse("there is no place to begin at.");
    end_ = std::max(end_, av_rescale(end, timescale_, 1000000));
    if (auto ok = check_group(); !ok) return ok;
    if (auto ok = write_group(end_); !ok) return ok;
    return writer_->finish(name + ".mp4");
}

}  // namespace mezz::worker
