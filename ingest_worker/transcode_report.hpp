// What the protected process says it has made. Whoever reads it does not trust it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "split_plan.hpp"

namespace mezz::worker {

/// Of a sound (EBU R 128).
struct Loudness {
    double integrated_lufs = 0;
    double range_lu = 0;
    double true_peak_dbtp = 0;
};

struct MadeChapter {
    std::int64_t start_ms = 0;
    std::int64_t end_ms = 0;
    std::string title;  ///< may be empty
};

struct MadeRendition {
    std::string name;  ///< its file is the name with ".mp4"
    bool video = false;
    int width = 0;
    int height = 0;
    std::string language;  ///< BCP 47, empty if unknown
    std::string label;
    bool is_default = false;
    bool is_described = false;
    bool is_commentary = false;
    int crf = 0;                         ///< of the encoder; video
    int max_kbps = 0;                    ///< the cap, 0 if the pictures were copied; video
    std::optional<Loudness> loudness{};  ///< audio that was decoded
};

struct MadeSubtitles {
    std::string name;  ///< "subs-eng"; its file is the name with ".vtt"
    std::string language;
    std::string label;
    bool is_default = false;
    bool is_forced = false;
    bool is_sdh = false;
};

struct MadeThumbs {
    int columns = 0;  ///< of tiles in a sheet
    int rows = 0;
    int tile_width = 0;
    int tile_height = 0;
    int sheets = 0;
    double interval_seconds = 0;
};

/// A note.
inline constexpr const char* kCutShort = "The file could not be read to its end; what came before was kept.";

/// The note about that many pieces that could not be decoded.
[[nodiscard]] std::string damage_note(int errors);

/// What a job turned out to need that nobody knew before its source was looked at.
struct Needs {
    std::uint32_t mib = 0;  ///< memory
    double cost = 0;        ///< work, see lane.hpp
};

struct TranscodeReport {
    std::string title;  ///< from the file, may be empty
    std::int64_t duration_ms = 0;
    double frame_rate = 0;  ///< of the best rendition, 0 without video
    std::vector<MadeRendition> renditions;
    std::vector<MadeSubtitles> subtitles;
    std::optional<MadeThumbs> thumbs;
    std::vector<MadeChapter> chapters;  ///< also in chapters.vtt, if there are any
    std::vector<std::string> notes;
    int errors = 0;                  ///< pieces of the source that could not be decoded
    std::int64_t ticks = 0;          ///< that a chunk made
    std::int64_t sound_end = 0;      ///< microseconds, of the sound of a title that was split
    std::optional<SplitPlan> split;  ///< nothing was made yet: this is how
    std::optional<Needs> needs;      ///< nothing was made: it needs more than was set aside
    std::uint32_t title_mib = 0;     ///< what the whole title will use; of its copy

    [[nodiscard]] std::string to_json() const;
};

/// Reads what to_json() wrote, or nullopt. Names are those of renditions, texts are UTF-8 and short.
[[nodiscard]] std::optional<TranscodeReport> parse_report(std::string_view json);

}  // namespace mezz::worker
