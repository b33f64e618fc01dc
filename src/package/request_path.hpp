// What a URL of the read path asks for.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace mezz::package {

enum class Format : std::uint8_t { hls, cmaf, subs, thumbs, download };

[[nodiscard]] constexpr std::string_view to_text(Format format) noexcept {
    return format == Format::hls        ? "hls"
           : format == Format::cmaf     ? "cmaf"
           : format == Format::subs     ? "subs"
           : format == Format::download ? "download"
                                        : "thumbs";
}

enum class Resource : std::uint8_t {
    multivariant_playlist,
    manifest,
    media_playlist,
    init_segment,
    segment,
    text_segment,      ///< {r}_{number}.vtt, in hls/ with TS clock, in subs/ with that of the presentation
    text_file,         ///< subs/{r}.vtt: all cues
    iframe_playlist,   ///< {r}_iframes.m3u8
    iframe,            ///< {r}_iframe_{number}.ts or .m4s
    download,          ///< download/{r}.mp4
    poster,            ///< thumbs/poster.jpg
    storyboard,        ///< thumbs/storyboard.vtt
    storyboard_sheet,  ///< thumbs/storyboard_{number}.jpg
    frame,             ///< thumbs/at_{number}.jpg: the picture shown at that millisecond
    key_frame,         ///< thumbs/key_{number}.jpg: the key frame nearest to it
};

/// Whether the query of such a URL may ask for a part of the title (see playback_query.hpp): of playlists,
/// manifests and files that are made for it. Segments and pictures are the same for all.
[[nodiscard]] constexpr bool takes_clip(Resource resource) noexcept {
    return resource == Resource::multivariant_playlist || resource == Resource::manifest ||
           resource == Resource::media_playlist || resource == Resource::iframe_playlist ||
           resource == Resource::text_file || resource == Resource::download;
}

/// A parsed path; its texts point into the text that was parsed.
struct RequestPath {
    std::string_view title;     ///< may contain slashes, may be empty
    std::string_view revision;  ///< empty if the URL names none
    std::string_view rendition;
    std::uint32_t number = 0;  ///< of a segment, I-frame or sheet; milliseconds
    Format format = Format::hls;
    Resource resource = Resource::segment;
};

/// Appends what of a path decides the answer, besides the title and its revision: the same text for the same
/// answer only. Of characters that may stand in an ETag.
void append_selection(std::string& out, const RequestPath& path);

/// Parses `{title}/{format}/[{revision}/]{leaf}`, the part of a decoded URI behind the location. nullopt if
/// it is no URL that Mezz answers. Text tracks' media playlists are in hls/ and subs/. Pictures (thumbs)
/// from the worker and downloads have no revision. Numbers have no leading zeros: each resource has one URL.
[[nodiscard]] std::optional<RequestPath> parse_request_path(std::string_view path) noexcept;

}  // namespace mezz::package
