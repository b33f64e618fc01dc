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
std::uint64_t target_seconds(const MediaPlaylist& playlist) {
    constexpr std::int64_t kFrameOfAudio = 50000;  // microseconds
    const auto boundaries = playlist.title.boundaries();
    std::int64_t longest = 0;
    for (std::size_t n = 1; n < boundaries.size(); ++n)
        longest = std::max(longest, boundaries[n] - boundaries[n - 1]);
    auto micros = static_cast<std::uint64_t>(rescale(longest, kMicros, playlist.title.header().timescale) +
                                             kFrameOfAudio);
    for (std::uint32_t n = 0; n < playlist.line.segment_count(); ++n)
        micros = std::max(micros, duration_micros(playlist.line, n));
    return std::max<std::uint64_t>(1, (micros + kMicros / 2) / kMicros);
}

void append_head(const MediaPlaylist& playlist, std::string& out) {
    const bool cmaf = playlist.format == Format::cmaf;
    out += "#EXTM3U\n#EXT-X-VERSION:";
    out += cmaf ? '6' : '3';
    out += "\n#EXT-X-TARGETDURATION:";
    append_number(out, target_seconds(playlist));
    out += "\n#EXT-X-PLAYLIST-TYPE:VOD\n";
    if (!cmaf) return;
    out += "#EXT-X-MAP:URI=\"";
    out += playlist.uri_prefix;
    out += playlist.rendition.name.data();
    out += "_init.mp4";
    out += playlist.query;
    out += "\"\n";
}

}  // namespace

void write_media_playlist(const MediaPlaylist& playlist, std::string& out) {
    const TrackTimeline& line = playlist.line;
    const std::string_view name = playlist.rendition.name.data();
    const std::string_view suffix = playlist.format == Format::cmaf ? ".m4s" : ".ts";
    out.reserve(out.size() + 256 +
                line.segment_count() *
                    (40 + playlist.uri_prefix.size() + name.size() + playlist.query.size()));
    append_head(playlist, out);
    for (std::uint32_t n = 0; n < line.segment_count(); ++n) {
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

}  // namespace mezz::package
