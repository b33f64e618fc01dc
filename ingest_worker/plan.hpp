// What is made of a source: decided once, from what was probed, before anything is encoded.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "job.hpp"
#include "probe.hpp"
#include "transcode_report.hpp"

namespace mezz::worker {

/// Sound that goes on for longer than this after the pictures (microseconds) keeps the last one up.
inline constexpr std::int64_t kCutSound = 1000000;

struct RenditionPlan {
    std::string name;
    Size size;
    Rung rung;
    int step = 1;      ///< encodes every picture, or every second one
    bool hdr = false;  ///< keeps the source's high dynamic range, in 10 bits
};

/// What a report says of a rendition once it is made.
[[nodiscard]] MadeRendition planned(const RenditionPlan& rendition);

/// What is made of the ticks of a title: all, or those of one chunk.
struct PartPlan {
    bool is_chunk = false;
    std::int64_t first = 0;        ///< a multiple of the keyframes' distance
    std::int64_t end = INT64_MAX;  ///< INT64_MAX: to the title's end
    std::int64_t from =
        INT64_MIN;  ///< frames before this time (microseconds) may be broken and are passed over
    std::int64_t first_time = 0;  ///< of the title's first picture, microseconds; for chunks
};

struct VideoPlan {
    FrameRate rate;        ///< of the best rendition: ticks a second
    FrameTiming timing;    ///< of a tick, the same track timescale for all renditions
    std::int64_t gop = 0;  ///< ticks from keyframe to keyframe
    bool deinterlace = false;
    bool every_field = false;               ///< each field becomes a picture
    HdrMetadata hdr;                        ///< of the source
    std::vector<RenditionPlan> renditions;  ///< best first
    PartPlan part;
    bool draft = false;  ///< see draft_plan.hpp; its thumbnails are only a poster
    /// Pictures that the thumbnails are made of where no rendition has any of standard range. Not encoded.
    std::optional<RenditionPlan> preview;

    /// All that is scaled: the renditions, then the preview.
    [[nodiscard]] std::vector<RenditionPlan> pictures() const;

    /// The plan with only the pictures of standard range in it, as the thumbnails want it.
    [[nodiscard]] VideoPlan standard_range() const;
};

struct AudioPlan {
    TrackInfo track;
    std::string name;    ///< "audio-eng"
    int channels = 2;    ///< 2: AAC; 6: E-AC-3 beside it
    bool quick = false;  ///< of what is replaced soon: encoded fast, its loudness not measured
};

struct SubtitlePlan {
    TrackInfo track;
    std::string name;  ///< "subs-eng", "subs-eng-sdh", "subs-eng-forced"
};

struct TitlePlan {
    std::optional<VideoPlan> video;
    std::vector<AudioPlan> audio;
    std::vector<SubtitlePlan> subtitles;
};

/// What encoding a title, or a chunk of it, will use, by estimate: some pictures of the source, and the
/// lookahead of each rendition.
[[nodiscard]] std::uint32_t estimate_memory(const VideoInfo& info, const VideoPlan& plan) noexcept;

/// Frame rates of 50 and 60 are kept above 480p and halved from there down; the keyframes stay the same.
[[nodiscard]] TitlePlan make_plan(const MediaInfo& info, const std::vector<Rung>& ladder);

}  // namespace mezz::worker
