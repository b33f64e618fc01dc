#include <algorithm>

#include "core/rescale.hpp"
#include "core/text.hpp"
#include "package/playlist.hpp"

namespace mezz::package {
namespace {

constexpr std::uint32_t kMicros = 1000000;

// Start of a segment in microseconds. Differences of rounded starts are what EXTINF says, so that their sum
// never drifts from the truth.
std::uint64_t start_micros(const TrackTimeline& line, std::uint32_t n) noexcept {
    return static_cast<std::uint64_t>(
        std::max<std::int64_t>(rescale(line.start(n), kMicros, line.track()->timescale), 0));
}

std::uint64_t duration_micros(const TrackTimeline& line, std::uint32_t n) noexcept {
    const std::uint64_t begin = start_micros(line, n);
    const std::uint64_t end = start_micros(line, n + 1);
    return end > begin ? end - begin : 0;
}

// The same in all playlists of a title (RFC 8216bis §6.2.4), so it comes from the boundaries; the cuts of
// audio may lie a frame beside them.
std::uint64_t longest_micros(const TitleView& title) {
    constexpr std::int64_t kFrameOfAudio = 50000;  // microseconds
    const auto boundaries = title.boundaries();
    std::int64_t longest = 0;
    for (std::size_t n = 1; n < boundaries.size(); ++n)
        longest = std::max(longest, boundaries[n] - boundaries[n - 1]);
    return static_cast<std::uint64_t>(rescale(longest, kMicros, title.header().timescale) + kFrameOfAudio);
}

std::uint64_t target_seconds(std::uint64_t micros) noexcept {
    return std::max<std::uint64_t>(1, (micros + kMicros / 2) / kMicros);
}

std::uint64_t target_seconds(const MediaPlaylist& playlist) {
    std::uint64_t micros = longest_micros(playlist.title);
    for (std::uint32_t n = 0; n < playlist.line.segment_count(); ++n)
        micros = std::max(micros, duration_micros(playlist.line, n));
    return target_seconds(micros);
}

void append_head(const MediaPlaylist& playlist, std::uint32_t first, std::string& out) {
    const bool cmaf = playlist.format == Format::cmaf;
    out += "#EXTM3U\n#EXT-X-VERSION:";
    out += cmaf ? '6' : '3';
    out += "\n#EXT-X-TARGETDURATION:";
    append_number(out, target_seconds(playlist));
    out += "\n#EXT-X-PLAYLIST-TYPE:VOD\n";
    append_first_number(playlist.clip, first, out);
    append_start(playlist.clip, out);
    if (cmaf) append_map(playlist, out);
}

}  // namespace

void append_map(const MediaPlaylist& playlist, std::string& out) {
    out += "#EXT-X-MAP:URI=\"";
    out += playlist.uri_prefix;
    out += playlist.rendition.name.data();
    out += "_init.mp4";
    out += playlist.query;
    out += "\"\n";
}

void write_media_playlist(const MediaPlaylist& playlist, std::string& out) {
    const TrackTimeline& line = playlist.line;
    const std::string_view name = playlist.rendition.name.data();
    const std::string_view suffix = playlist.format == Format::cmaf ? ".m4s" : ".ts";
    PieceRange segments = listed_segments(line, playlist.clip);
    while (!segments.empty() && line.pieces(segments.first).empty())
        ++segments.first;
    out.reserve(out.size() + 256 +
                (segments.last - segments.first) *
                    (40 + playlist.uri_prefix.size() + name.size() + playlist.query.size()));
    append_head(playlist, segments.first, out);
    for (std::uint32_t n = segments.first; n < segments.last; ++n) {
        if (line.pieces(n).empty()) continue;
        out += "#EXTINF:";
        append_seconds(out, duration_micros(line, n));
        out += ",\n";
        out += playlist.uri_prefix;
        out += name;
        out += '_';
        append_number(out, n);
        out += suffix;
        out += playlist.query;
        out += '\n';
    }
    out += "#EXT-X-ENDLIST\n";
}

void write_text_playlist(const TitleView& title, const TextRecord& text, std::string_view uri_prefix,
                         std::string_view query, std::string& out, const std::optional<Clip>& clip) {
    const auto boundaries = title.boundaries();
    const auto micros = [&](std::uint32_t n) {
        return static_cast<std::uint64_t>(
            std::max<std::int64_t>(rescale(boundaries[n], kMicros, title.header().timescale), 0));
    };
    out += "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:";
    append_number(out, target_seconds(longest_micros(title)));
    out += "\n#EXT-X-PLAYLIST-TYPE:VOD\n";
    const std::uint32_t first = clip ? clip->first : 0;
    append_first_number(clip, first, out);
    append_start(clip, out);
    for (std::uint32_t n = first; n < (clip ? clip->last : title.segment_count()); ++n) {
        out += "#EXTINF:";
        append_seconds(out, micros(n + 1) - micros(n));
        out += ",\n";
        out += uri_prefix;
        out += text.name.data();
        out += '_';
        append_number(out, n);
        out += ".vtt";
        out += query;
        out += '\n';
    }
    out += "#EXT-X-ENDLIST\n";
}

}  // namespace mezz::package
