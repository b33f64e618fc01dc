#include "draft_plan.hpp"

#include <algorithm>

namespace mezz::worker {
namespace {

constexpr int kStereo = 2;

Rung draft_rung() {
    return {.name = kDraftVideo, .height = 360, .crf = 25, .max_kbps = 900, .preset = "superfast"};
}

double pixels_a_second(const VideoPlan& plan) {
    double pixels = 0;
    for (const RenditionPlan& r : plan.renditions)
        pixels += plan.rate.value() / r.step * r.size.width * r.size.height;
    return pixels;
}

}  // namespace

TitlePlan draft_plan(const MediaInfo& info) {
    TitlePlan plan = make_plan(info, {draft_rung()});
    if (plan.video) plan.video->draft = true;
    std::erase_if(plan.audio, [](const AudioPlan& track) { return track.channels > kStereo; });
    for (AudioPlan& track : plan.audio)
        track.name += kDraftSuffix;
    return plan;
}

bool draft_pays(const MediaInfo& info, const std::vector<Rung>& ladder) {
    constexpr double kMuch = 3;
    const TitlePlan draft = draft_plan(info);
    const TitlePlan whole = make_plan(info, ladder);
    return draft.video && pixels_a_second(*whole.video) >= kMuch * pixels_a_second(*draft.video);
}

}  // namespace mezz::worker
