// HLS playlists (RFC 8216bis) and the DASH manifest (ISO/IEC 23009-1), appended to a text.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "package/clip.hpp"
#include "package/request_path.hpp"
#include "package/title.hpp"

namespace mezz::package {

/// Whether a format can carry something of each kind of media, video and audio, that a title has: a transport
/// stream does not carry every codec.
[[nodiscard]] bool carries_each_kind(const TitleView& title, Format format) noexcept;

/// Appends the multivariant playlist of a title (RFC 8216bis §4.4.6). `query` ("?token=…" or empty) is put
/// behind each URI. Text tracks are those in hls/ or, for CMAF, in subs/. A title with pictures has its sound
/// alone as the last variant. Of a clip the URIs are those of its playlists. `name` is what people call the
/// title, if that is not title.name(); at most 1000 code points of it are told.
void write_multivariant_playlist(const TitleView& title, Format format, std::string_view query,
                                 std::string& out, const std::optional<Clip>& clip = {},
                                 std::string_view name = {});

/// Appends the attribute RESOLUTION: pixels as players show the video. A transport stream does not tell them
/// to turn it.
void append_resolution(const RenditionRecord& rendition, Format format, std::string& out);

/// What a media playlist is about.
struct MediaPlaylist {
    TitleView title;
    const RenditionRecord& rendition;
    TrackTimeline line;
    Format format = Format::hls;
    std::string_view uri_prefix;  ///< "" or "{rev}/", put before each URI
    std::string_view query;
    std::optional<Clip> clip{};  ///< lists only the segments that have something of it
};

/// Appends the media playlist of a rendition (RFC 8216bis §4.4.2, §4.4.3).
void write_media_playlist(const MediaPlaylist& playlist, std::string& out);

/// Appends the EXT-X-MAP line of a CMAF playlist (RFC 8216bis §4.4.4.5): where its init segment is.
void append_map(const MediaPlaylist& playlist, std::string& out);

/// Appends the media playlist of a text track: one segment {r}_{n}.vtt for each of the title. `uri_prefix`,
/// `query` and `clip` as in MediaPlaylist.
void write_text_playlist(const TitleView& title, const TextRecord& text, std::string_view uri_prefix,
                         std::string_view query, std::string& out, const std::optional<Clip>& clip = {});

/// Appends the attributes width, height and sar of a Representation (ISO/IEC 23009-1 §5.3.7): of the picture
/// as it is shown, turned if the display matrix does that.
void append_frame_size(const media::TrackView& track, std::string& out);

/// Appends a static MPD over the CMAF URLs, and over text tracks as one file each in subs/. `tracks` belong
/// to title.renditions(), in order. The time 0 of a clip's manifest is the key frame at its beginning or
/// before, since browsers show nothing of a segment before its first key frame within the period; segments
/// are the title's, text files are asked for as those of that part. Each track has something of the clip.
void write_manifest(const TitleView& title, std::span<const media::TrackView> tracks, std::string_view query,
                    std::string& out, const std::optional<Clip>& clip = {});

}  // namespace mezz::package
