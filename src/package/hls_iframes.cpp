#include <algorithm>

#include "core/text.hpp"
#include "package/iframes.hpp"
#include "package/segment_times.hpp"

namespace mezz::package {
namespace {

void append_head(const MediaPlaylist& playlist, std::uint64_t target, std::uint32_t first, std::string& out) {
    const bool cmaf = playlist.format == Format::cmaf;
    out += "#EXTM3U\n#EXT-X-VERSION:";
    out += cmaf ? '5' : '4';
    out += "\n#EXT-X-TARGETDURATION:";
    append_number(out, target);
    out += "\n#EXT-X-PLAYLIST-TYPE:VOD\n";
    append_first_number(playlist.clip, first, out);
    out += "#EXT-X-I-FRAMES-ONLY\n";
    if (cmaf) append_map(playlist, out);
}

}  // namespace

void write_iframe_playlist(const MediaPlaylist& playlist, std::string& out) {
    const IFrameLine line(playlist.line);
    const std::string_view name = playlist.rendition.name.data();
    const std::string_view suffix = playlist.format == Format::cmaf ? ".m4s" : ".ts";
    const PieceRange listed = listed_iframes(playlist.line, playlist.clip);
    out.reserve(out.size() + 256 +
                (listed.last - listed.first) *
                    (48 + playlist.uri_prefix.size() + name.size() + playlist.query.size()));
    const std::vector<std::int64_t> micros = micros_of(line);
    append_head(playlist, target_seconds(micros.empty() ? 0 : std::ranges::max(micros)), listed.first, out);
    for (std::uint32_t n = listed.first; n < listed.last; ++n) {
        if (micros[n] == 0) continue;
        out += "#EXTINF:";
        append_seconds(out, static_cast<std::uint64_t>(micros[n]));
        out += ",\n";
        out += playlist.uri_prefix;
        out += name;
        out += "_iframe_";
        append_number(out, n);
        out += suffix;
        out += playlist.query;
        out += '\n';
    }
    out += "#EXT-X-ENDLIST\n";
}

void write_iframe_streams(const TitleView& title, Format format, bool range, std::string_view query,
                          std::string& out) {
    for (const RenditionRecord& rendition : title.renditions()) {
        const BitRate& rate = format == Format::cmaf ? rendition.iframes_cmaf : rendition.iframes_ts;
        if (rate.peak == 0) continue;
        out += "#EXT-X-I-FRAME-STREAM-INF:BANDWIDTH=";
        append_number(out, rate.peak);
        out += ",AVERAGE-BANDWIDTH=";
        append_number(out, rate.average);
        out += ",CODECS=\"";
        out += rendition.codec_string.data();
        out += '"';
        append_resolution(rendition, format, out);
        if (range) {
            out += ",VIDEO-RANGE=";
            out += to_text(rendition.range);
        }
        out += ",URI=\"";
        out += title.revision();
        out += '/';
        out += rendition.name.data();
        out += "_iframes.m3u8";
        out += query;
        out += "\"\n";
    }
}

}  // namespace mezz::package
