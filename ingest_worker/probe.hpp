// What a source holds and how it is to be shown.
#pragma once

extern "C" {
#include <libavutil/mastering_display_metadata.h>
}

#include <optional>
#include <vector>

#include "demuxer.hpp"
#include "frame_rate.hpp"
#include "language.hpp"
#include "orientation.hpp"
#include "transcode_report.hpp"

namespace mezz::worker {

/// What a source of high dynamic range says of itself.
struct HdrMetadata {
    AVColorTransferCharacteristic transfer = AVCOL_TRC_UNSPECIFIED;  ///< PQ, HLG; unspecified: no HDR
    std::optional<AVMasteringDisplayMetadata> display;
    std::optional<AVContentLightMetadata> light;

    [[nodiscard]] bool is_hdr() const noexcept { return transfer != AVCOL_TRC_UNSPECIFIED; }
};

struct VideoInfo {
    int stream = 0;
    Size coded;      ///< pixels
    Size displayed;  ///< square pixels, upright
    Orientation orientation;
    FrameRate rate;
    bool interlaced = false;
    HdrMetadata hdr;
    /// Microseconds that the file delays the pictures only because they are reordered: decoding starts at 0
    /// and no edit list makes up for it, so they were meant to be shown from 0.
    std::int64_t delay = 0;
};

struct TrackInfo {
    int stream = 0;
    Language language;
    std::string label;
    bool is_default = false;
    bool is_forced = false;      ///< subtitles that viewers who understand the sound need, too
    bool is_sdh = false;         ///< subtitles for the deaf and hard of hearing
    bool is_described = false;   ///< audio that tells what is to be seen
    bool is_commentary = false;  ///< audio about the title
    int channels = 2;            ///< of audio
};

struct MediaInfo {
    std::optional<VideoInfo> video;
    std::vector<TrackInfo> audio;      ///< the default one is marked; empty if there is none
    std::vector<TrackInfo> subtitles;  ///< text; one may be marked as the default
    std::vector<MadeChapter> chapters;
    std::string title;
    std::int64_t start = 0;     ///< microseconds, of the file's clock: where the title begins
    std::int64_t duration = 0;  ///< microseconds, 0 if unknown
    std::vector<std::string> notes;
};

/// Looks at the head of the source and decodes its first pictures. Fails with kind source if it has neither
/// video nor audio that can be decoded, with kind limit if it is too large or too long.
[[nodiscard]] Outcome<MediaInfo> probe(int fd, const Limits& limits);

}  // namespace mezz::worker
