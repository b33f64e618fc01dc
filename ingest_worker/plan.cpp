#include "plan.hpp"

#include <algorithm>
#include <set>

namespace mezz::worker {
namespace {

constexpr int kHalvedUpTo = 480;  // lines
constexpr double kHighRate = 31;  // pictures a second

VideoPlan plan_video(const VideoInfo& info, const std::vector<Rung>& ladder) {
    VideoPlan plan;
    const std::vector<SizedRung> rungs = choose_rungs(ladder, info.displayed);
    const bool any_high = !rungs.empty() && rungs.front().rung.height > kHalvedUpTo;
    plan.deinterlace = info.interlaced;
    plan.every_field = info.interlaced && any_high && field_rate(info.rate) != info.rate;
    plan.rate = plan.every_field ? field_rate(info.rate) : info.rate;
    // A source whose renditions are all halved need not have the other pictures at all.
    if (!any_high && plan.rate.value() > kHighRate) plan.rate.den *= 2;
    const bool halves = plan.rate.value() > kHighRate;
    plan.hdr = info.hdr;
    for (const SizedRung& rung : rungs)
        plan.renditions.push_back({.name = rung.rung.name,
                                   .size = rung.size,
                                   .rung = rung.rung,
                                   .step = halves && rung.rung.height <= kHalvedUpTo ? 2 : 1,
                                   .hdr = info.hdr.is_hdr() && rung.rung.codec != VideoCodec::h264});
    if (std::ranges::all_of(plan.renditions, &RenditionPlan::hdr)) {
        plan.preview = plan.renditions.back();
        plan.preview->hdr = false;
    }
    plan.timing = frame_timing(plan.rate);
    plan.gop = gop_length(plan.rate, halves);
    return plan;
}

std::string free_name(const std::string& wished, std::set<std::string>& taken) {
    std::string name = wished;
    for (int n = 2; !taken.insert(name).second; ++n)
        name = wished + '-' + std::to_string(n);
    return name;
}

// As catalog/text_name.hpp reads names.
std::string subtitles_name(const TrackInfo& track) {
    std::string name = "subs-" + track.language.code;
    if (track.is_sdh) name += "-sdh";
    if (track.is_forced) name += "-forced";
    return name;
}

// Stereo, and surround sound beside it where the source has it.
void plan_audio(const TrackInfo& track, std::set<std::string>& taken, std::vector<AudioPlan>& audio) {
    constexpr int kSurround = 6;
    const std::string name = free_name("audio-" + track.language.code, taken);
    audio.push_back({track, name});
    if (track.channels < kSurround) return;
    TrackInfo surround = track;
    surround.is_default = false;
    surround.label += surround.label.empty() ? "5.1" : " 5.1";
    audio.push_back({surround, free_name(name + "-51", taken), kSurround});
}

}  // namespace

MadeRendition planned(const RenditionPlan& rendition) {
    return {.name = rendition.name,
            .video = true,
            .width = rendition.size.width,
            .height = rendition.size.height,
            .language = {},
            .label = {},
            .crf = rendition.rung.crf,
            .max_kbps = rendition.rung.max_kbps};
}

std::vector<RenditionPlan> VideoPlan::pictures() const {
    std::vector<RenditionPlan> all = renditions;
    if (preview) all.push_back(*preview);
    return all;
}

VideoPlan VideoPlan::standard_range() const {
    VideoPlan plan = *this;
    plan.renditions = pictures();
    std::erase_if(plan.renditions, [](const RenditionPlan& rendition) { return rendition.hdr; });
    plan.preview.reset();
    return plan;
}

// By what decoders and x264 were seen to use.
std::uint32_t estimate_memory(const VideoInfo& info, const VideoPlan& plan) noexcept {
    constexpr double kBase = 300;
    constexpr double kDecoded = 60;   // bytes a pixel of the source
    constexpr double kEncoded = 165;  // bytes a pixel of a rendition
    double bytes = kDecoded * info.coded.width * info.coded.height;
    for (const RenditionPlan& r : plan.renditions)
        bytes += kEncoded * r.size.width * r.size.height;
    return static_cast<std::uint32_t>(kBase + bytes / (1 << 20));
}

TitlePlan make_plan(const MediaInfo& info, const std::vector<Rung>& ladder) {
    TitlePlan plan;
    std::set<std::string> taken;
    if (info.video) plan.video = plan_video(*info.video, ladder);
    for (const TrackInfo& track : info.audio)
        plan_audio(track, taken, plan.audio);
    for (const TrackInfo& track : info.subtitles)
        plan.subtitles.push_back({track, free_name(subtitles_name(track), taken)});
    return plan;
}

}  // namespace mezz::worker
