// The descriptor of a title: which files are its renditions. What asset.json holds.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.hpp"

namespace mezz::catalog {

/// A rendition and the file it is in.
struct AssetRendition {
    std::string name;      ///< {r} of its URLs: letters, digits, '-' and '.'
    std::string file;      ///< relative to the title's folder, without folders of its own
    std::string language;  ///< BCP 47, see canonical_language(); empty if unknown
    std::string label;     ///< for people, may be empty
    bool is_default = false;
    bool is_described = false;   ///< audio that tells what is to be seen
    bool is_commentary = false;  ///< audio about the title
    std::uint32_t width = 0;     ///< pixels, 0 if not given
    std::uint32_t height = 0;
    std::string codecs;           ///< RFC 6381, empty if not given
    std::uint64_t bandwidth = 0;  ///< bit/s at most, 0 if not given
};

/// A text track, in a WebVTT or SRT file.
struct AssetSubtitles {
    std::string name;      ///< {r} of its URLs
    std::string file;      ///< in the title's folder
    std::string language;  ///< BCP 47, see canonical_language(); empty if unknown
    std::string label;     ///< for people, may be empty
    bool is_default = false;
    bool is_forced = false;  ///< only what viewers who understand the sound need
    bool is_sdh = false;     ///< for the deaf and hard of hearing
};

/// Pictures of a title, in the folder thumbs/ of its folder: poster.jpg, storyboard.vtt and
/// storyboard_{n}.jpg.
struct AssetThumbs {
    bool poster = false;
    bool storyboard = false;
    std::uint32_t sheets = 0;   ///< storyboard_0.jpg to storyboard_{sheets - 1}.jpg
    std::uint32_t columns = 5;  ///< tiles in a row of a sheet
    std::uint32_t rows = 5;
    std::uint32_t tile_width = 0;  ///< pixels, 0 if not given
    std::uint32_t tile_height = 0;
    std::uint32_t interval_ms = 0;  ///< from one tile to the next, 0 if not given
};

struct Asset {
    std::uint64_t revision = 0;
    std::string title;
    std::uint64_t duration_ms = 0;  ///< 0 if not given
    std::vector<AssetRendition> renditions;
    std::vector<AssetSubtitles> subtitles;
    AssetThumbs thumbs;
};

/// Parses asset.json:
///     {"version": 1, "revision": 3, "title": "…", "renditions": [
///         {"name": "720p", "file": "720p.mp4"},
///         {"name": "audio-eng", "file": "audio-eng.mp4", "language": "en", "label": "English", "default":
///         true}]}
/// and may hold "duration_ms", for each rendition "width", "height", "codecs" and "bandwidth", for audio
/// "described" and "commentary" (true or false),
///     "subtitles": [{"name": "subs-eng", "file": "subs-eng.vtt", "language": "en", "label": "English",
///                    "default": true, "forced": false, "sdh": false}]
/// where only name and file must be given, and
///     "thumbs": {"poster": "thumbs/poster.jpg", "storyboard": "thumbs/storyboard.vtt", "sheets": 4}
/// with just these names, and of the sheets "columns", "rows" (5 each if not given), "tile_width",
/// "tile_height" (pixels) and "interval" (seconds). Unknown members are ignored. Fails with bad_media, naming
/// the member, if one is missing or of the wrong kind, or if a file name could lead out of the folder.
[[nodiscard]] Result<Asset> parse_asset(std::string_view json);

/// The same of a document that was parsed already.
[[nodiscard]] Result<Asset> read_asset(const nlohmann::json& document);

/// Names a rendition may have: 1 to 40 of the characters a-z A-Z 0-9 - and '.'; not "master".
[[nodiscard]] bool is_rendition_name(std::string_view name) noexcept;

/// Language tags that are understood: 1 to 15 letters, digits and '-' (RFC 5646), as they become part of
/// URLs.
[[nodiscard]] bool is_language_tag(std::string_view tag) noexcept;

/// True for a name that denotes a file in the folder itself, and not a hidden one.
[[nodiscard]] bool is_plain_file_name(std::string_view name) noexcept;

}  // namespace mezz::catalog
