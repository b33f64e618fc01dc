#include "subtitle_track.hpp"

#include <algorithm>
#include <new>
#include <utility>

#include "subtitle_text.hpp"

namespace mezz::worker {
namespace {

constexpr std::size_t kMostBytes = 16U << 20;
constexpr std::int64_t kUsualLength = 3000;  // ms of a cue that does not say

}  // namespace

Outcome<SubtitleTrack> SubtitleTrack::open(const SubtitlePlan& plan, const AVStream& stream) {
    const AVCodec* const codec = avcodec_find_decoder(stream.codecpar->codec_id);
    if (codec == nullptr) return give_up(FailureKind::source, "There is no decoder for the subtitles.");
    Av<AVCodecContext> context(avcodec_alloc_context3(codec));
    if (!context) throw std::bad_alloc();
    int error = avcodec_parameters_to_context(context.get(), stream.codecpar);
    context->pkt_timebase = stream.time_base;
    if (error >= 0) error = avcodec_open2(context.get(), codec, nullptr);
    if (error < 0) return av_failure(error, FailureKind::source, "The subtitles cannot be read.");
    return SubtitleTrack(plan, stream, std::move(context));
}

void SubtitleTrack::feed(AVPacket& packet) {
    AVSubtitle subtitle{};
    int complete = 0;
    const int error = avcodec_decode_subtitle2(context_.get(), &subtitle, &complete, &packet);
    if (error < 0 || complete == 0) return;
    add(subtitle, packet);
    avsubtitle_free(&subtitle);
}

void SubtitleTrack::add(const AVSubtitle& subtitle, const AVPacket& packet) {
    if (packet.pts == AV_NOPTS_VALUE) return;
    const std::int64_t begin = av_rescale_q(packet.pts, time_base_, {1, 1000});
    std::int64_t length = av_rescale_q(packet.duration, time_base_, {1, 1000});
    if (length <= 0) length = subtitle.end_display_time;
    constexpr std::int64_t kAbsurd = 24 * 3600 * 1000;
    if (length <= 0 || length > kAbsurd) length = kUsualLength;
    for (unsigned i = 0; i < subtitle.num_rects; ++i) {
        const AVSubtitleRect& rect = *subtitle.rects[i];
        if (rect.ass == nullptr || begin + length <= 0) continue;
        std::string text = cue_text(rect.ass);
        bytes_ += text.size();
        if (!text.empty() && bytes_ <= kMostBytes)
            cues_.push_back(
                {std::max<std::int64_t>(begin, 0), begin + length, cues_.size(), std::move(text)});
    }
}

Outcome<bool> SubtitleTrack::finish(const OutputFiles& files, std::int64_t end) {
    std::ranges::sort(cues_, {}, [](const Cue& cue) { return std::pair(cue.begin, cue.number); });
    std::erase_if(cues_, [end](const Cue& cue) { return cue.begin * 1000 >= end; });
    if (cues_.empty()) return false;
    std::string text = "WEBVTT\n";
    for (const Cue& cue : cues_)
        text += '\n' + cue_time(cue.begin) + " --> " + cue_time(std::min(cue.end, end / 1000)) + '\n' +
                cue.text + '\n';
    auto ok = write_file(files, plan_.name + ".vtt", as_bytes(text));
    if (!ok) return std::unexpected(std::move(ok.error()));
    return true;
}

}  // namespace mezz::worker
