#include "probe.hpp"

#include <algorithm>
#include <cmath>

#include "decoder.hpp"
#include "stream_choice.hpp"

namespace mezz::worker {
namespace {

constexpr std::size_t kEnoughTimes = 300;
constexpr int kEnoughFrames = 12;
constexpr int kMostPackets = 20000;
constexpr std::int64_t kMostBytes = 96 << 20;

// What the first pictures tell that the file's head does not.
struct Sightings {
    std::vector<std::int64_t> times;  // microseconds
    int frames = 0;
    bool interlaced = false;
    HdrMetadata hdr;
    Size size;
    AVRational pixel_aspect{0, 1};
    std::int64_t delay = 0;
    bool encrypted = false;
};

bool is_hdr(AVColorTransferCharacteristic transfer) {
    return transfer == AVCOL_TRC_SMPTE2084 || transfer == AVCOL_TRC_ARIB_STD_B67;
}

template <class T>
void take_metadata(const std::uint8_t* data, std::size_t size, std::optional<T>& out) {
    if (data != nullptr && size >= sizeof(T) && !out) out = *reinterpret_cast<const T*>(data);
}

void look_for_hdr(const AVFrame& frame, HdrMetadata& hdr) {
    if (is_hdr(frame.color_trc)) hdr.transfer = frame.color_trc;
    if (const auto* const d = av_frame_get_side_data(&frame, AV_FRAME_DATA_MASTERING_DISPLAY_METADATA))
        take_metadata(d->data, d->size, hdr.display);
    if (const auto* const d = av_frame_get_side_data(&frame, AV_FRAME_DATA_CONTENT_LIGHT_LEVEL))
        take_metadata(d->data, d->size, hdr.light);
}

void look_for_hdr(const AVStream& stream, HdrMetadata& hdr) {
    if (is_hdr(stream.codecpar->color_trc)) hdr.transfer = stream.codecpar->color_trc;
    std::size_t size = 0;
    const std::uint8_t* data =
        av_stream_get_side_data(&stream, AV_PKT_DATA_MASTERING_DISPLAY_METADATA, &size);
    take_metadata(data, size, hdr.display);
    data = av_stream_get_side_data(&stream, AV_PKT_DATA_CONTENT_LIGHT_LEVEL, &size);
    take_metadata(data, size, hdr.light);
}

void look_at(const AVFrame& frame, Sightings& seen) {
    if (seen.frames++ == 0) {
        seen.size = {frame.width, frame.height};
        seen.pixel_aspect = frame.sample_aspect_ratio;
        look_for_hdr(frame, seen.hdr);
    }
    seen.interlaced = seen.interlaced || frame.interlaced_frame != 0;
}

void note_packet(const AVPacket& packet, const AVStream& stream, Sightings& seen) {
    constexpr std::int64_t kLongestDelay = 500000;
    if (seen.times.empty() && packet.dts == 0 && packet.pts > 0) {
        const std::int64_t delay = av_rescale_q(packet.pts, stream.time_base, kMicro);
        seen.delay = delay <= kLongestDelay ? delay : 0;
    }
    seen.encrypted =
        seen.encrypted || av_packet_get_side_data(&packet, AV_PKT_DATA_ENCRYPTION_INFO, nullptr) != nullptr;
    const std::int64_t ticks = packet.pts != AV_NOPTS_VALUE ? packet.pts : packet.dts;
    if (ticks != AV_NOPTS_VALUE) seen.times.push_back(av_rescale_q(ticks, stream.time_base, kMicro));
}

Outcome<Sightings> look_at_video(Demuxer& source, const AVStream& stream, const Limits& limits) {
    Sightings seen;
    auto decoder = Decoder::open(stream, 1, limits);
    if (!decoder) return std::unexpected(std::move(decoder.error()));
    const auto on_frame = [&seen](AVFrame& frame) {
        look_at(frame, seen);
        return Outcome<void>();
    };
    const auto packet = make_packet();
    std::int64_t bytes = 0;
    for (int n = 0; n < kMostPackets && bytes < kMostBytes; ++n) {
        if (seen.times.size() >= kEnoughTimes && seen.frames >= kEnoughFrames) break;
        const auto more = source.read(*packet);
        if (!more) return std::unexpected(more.error());
        if (!*more) break;
        bytes += packet->size;
        Outcome<void> fed;
        if (packet->stream_index == stream.index) {
            note_packet(*packet, stream, seen);
            if (seen.frames < kEnoughFrames) fed = decoder->feed(packet.get(), on_frame);
        }
        av_packet_unref(packet.get());
        if (!fed) return std::unexpected(fed.error());
    }
    if (seen.frames < kEnoughFrames)
        if (auto ok = decoder->feed(nullptr, on_frame); !ok) return std::unexpected(ok.error());
    return seen;
}

Orientation stream_orientation(const AVStream& stream) {
    std::size_t size = 0;
    const std::uint8_t* const data = av_stream_get_side_data(&stream, AV_PKT_DATA_DISPLAYMATRIX, &size);
    if (data == nullptr || size < 9 * sizeof(std::int32_t)) return {};
    return orientation_of(std::span<const std::int32_t, 9>(reinterpret_cast<const std::int32_t*>(data), 9));
}

// A pixel's width to its height, the container's word before the codec's; absurd ones are square.
double pixel_aspect(const AVStream& stream, AVRational seen) {
    constexpr double kMost = 4;
    const AVRational first = stream.sample_aspect_ratio;
    const AVRational aspect = first.num > 0 && first.den > 0 ? first : seen;
    if (aspect.num <= 0 || aspect.den <= 0) return 1;
    const double value = av_q2d(aspect);
    return value > kMost || value < 1 / kMost ? 1 : value;
}

// Pictures with wide pixels become wider, with tall pixels taller: none of their resolution is lost.
Size displayed_size(Size coded, double aspect, Orientation orientation) {
    Size size = coded;
    if (aspect > 1) size.width = 2 * static_cast<int>(std::lround(coded.width * aspect / 2));
    if (aspect < 1) size.height = 2 * static_cast<int>(std::lround(coded.height / aspect / 2));
    if (orientation.transpose) std::swap(size.width, size.height);
    return size;
}

Outcome<void> check_size(Size size, const Limits& limits) {
    constexpr int kSmallest = 2;
    const auto longer = static_cast<std::int64_t>(std::max(size.width, size.height));
    const auto area = std::int64_t{size.width} * size.height;
    if (area > std::int64_t{limits.width} * limits.height || longer > 2 * std::int64_t{limits.width})
        return give_up(FailureKind::limit, "The picture has " + std::to_string(size.width) + "x" +
                                               std::to_string(size.height) + " pixels; at most " +
                                               std::to_string(limits.width) + "x" +
                                               std::to_string(limits.height) + " are accepted.");
    if (size.width < kSmallest || size.height < kSmallest)
        return give_up(FailureKind::source, "The picture is too small.");
    return {};
}

FrameRate rate_of(AVRational rational) {
    return {rational.num, rational.den};
}

bool has_fields(const AVStream& stream) {
    const AVFieldOrder order = stream.codecpar->field_order;
    return order != AV_FIELD_UNKNOWN && order != AV_FIELD_PROGRESSIVE;
}

Outcome<void> describe_video(Demuxer& source, const Limits& limits, MediaInfo& info) {
    VideoInfo& video = *info.video;
    const AVStream& stream = *source.stream(video.stream);
    const Size announced{stream.codecpar->width, stream.codecpar->height};
    if (auto ok = check_size(announced, limits); !ok) return ok;
    const auto seen = look_at_video(source, stream, limits);
    if (!seen) return std::unexpected(seen.error());
    if (seen->encrypted) return give_up(FailureKind::source, "The video is encrypted.");
    if (seen->frames == 0)
        return give_up(FailureKind::source, "The file is broken: none of its first pictures can be decoded.");
    if (auto ok = check_size(seen->size, limits); !ok) return ok;
    video.coded = seen->size;
    video.orientation = stream_orientation(stream);
    video.displayed = displayed_size(seen->size, pixel_aspect(stream, seen->pixel_aspect), video.orientation);
    video.rate = choose_frame_rate(seen->times, rate_of(stream.r_frame_rate), rate_of(stream.avg_frame_rate));
    const bool iso = std::string_view(source.get()->iformat->name).starts_with("mov");
    video.delay = iso ? seen->delay : 0;
    video.interlaced = seen->interlaced || has_fields(stream);
    video.hdr = seen->hdr;
    look_for_hdr(stream, video.hdr);
    return {};
}

std::vector<int> chosen_streams(const MediaInfo& info) {
    std::vector<int> chosen;
    if (info.video) chosen.push_back(info.video->stream);
    for (const TrackInfo& track : info.audio)
        chosen.push_back(track.stream);
    return chosen;
}

// That of the streams, where they say; the file's may be about something else.
std::int64_t announced_duration(const Demuxer& source, const MediaInfo& info) {
    std::int64_t longest = 0;
    for (const int index : chosen_streams(info)) {
        const AVStream& stream = *source.stream(index);
        if (stream.duration > 0)
            longest = std::max(longest, av_rescale_q(stream.duration, stream.time_base, kMicro));
    }
    return longest > 0 ? longest : std::max<std::int64_t>(source.get()->duration, 0);
}

// When the first of the chosen streams begins. Sound that begins just before the pictures loses its first
// moment, so that the first picture need not be shown twice.
std::int64_t start_of(const Demuxer& source, const MediaInfo& info) {
    constexpr std::int64_t kMoment = 100000;
    std::int64_t earliest = INT64_MAX;
    std::int64_t pictures = INT64_MAX;
    for (const int index : chosen_streams(info)) {
        const AVStream& stream = *source.stream(index);
        if (stream.start_time == AV_NOPTS_VALUE) continue;
        std::int64_t start = av_rescale_q(stream.start_time, stream.time_base, kMicro);
        if (info.video && info.video->stream == index) {
            start -= info.video->delay;
            pictures = start;
        }
        earliest = std::min(earliest, start);
    }
    if (earliest == INT64_MAX) return 0;
    return pictures != INT64_MAX && pictures - earliest <= kMoment ? pictures : earliest;
}

}  // namespace

Outcome<MediaInfo> probe(int fd, const Limits& limits) {
    auto source = Demuxer::open(fd, limits);
    if (!source) return std::unexpected(std::move(source.error()));
    MediaInfo info;
    if (auto ok = choose_streams(*source, info); !ok) return std::unexpected(std::move(ok.error()));
    info.duration = announced_duration(*source, info);
    if (info.duration / AV_TIME_BASE > limits.duration_seconds)
        return give_up(FailureKind::limit, "The file says it lasts longer than " +
                                               std::to_string(limits.duration_seconds) + " s.");
    if (info.video)
        if (auto ok = describe_video(*source, limits, info); !ok)
            return std::unexpected(std::move(ok.error()));
    info.start = start_of(*source, info);
    return info;
}

}  // namespace mezz::worker
