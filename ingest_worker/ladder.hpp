// Which renditions a title gets.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "failure.hpp"

namespace mezz::worker {

struct Size {
    int width = 0;
    int height = 0;

    friend bool operator==(const Size&, const Size&) = default;
};

enum class VideoCodec : std::uint8_t { h264, hevc, av1 };

/// One quality that may be made. A picture belongs to the rung if it fits into `height` lines and
/// height × 16/9 columns, or turned by 90°: so 1920x800, 1080x1920 and 1080x1080 are all "1080p".
struct Rung {
    std::string name;  ///< of the rendition: "720p"
    int height = 0;
    VideoCodec codec = VideoCodec::h264;
    int crf = 23;                 ///< constant rate factor, of the codec's encoder
    int max_kbps = 0;             ///< cap at up to 30 frames a second; half as much again above
    int threads = 1;              ///< slices of H.264 encoded at once; the output depends on it
    std::string preset = "fast";  ///< of x264, x265; SVT-AV1's is chosen to match

    friend bool operator==(const Rung&, const Rung&) = default;
};

/// A rung applied to a source.
struct SizedRung {
    Rung rung;
    Size size;  ///< even numbers, square pixels
};

/// 2160p, 1440p, 1080p, 720p, 480p, 360p, 240p.
[[nodiscard]] std::vector<Rung> default_ladder();

/// Parses a ladder, a list of objects: [{"name": "720p", "height": 720, "max_kbps": 3000, "codec": "h264",
/// "crf": 23, "threads": 4, "preset": "fast"}, …]; the last four may be left out. Fails naming the member at
/// fault.
[[nodiscard]] Outcome<std::vector<Rung>> parse_ladder(std::string_view json);

/// The JSON that parse_ladder() reads.
[[nodiscard]] std::string ladder_to_json(const std::vector<Rung>& ladder);

/// The rungs for a picture that is shown at this size (square pixels), largest first: those of whose lines or
/// columns it has nine tenths. It is never enlarged. At least one is returned if the ladder has any.
[[nodiscard]] std::vector<SizedRung> choose_rungs(std::vector<Rung> ladder, Size displayed);

}  // namespace mezz::worker
