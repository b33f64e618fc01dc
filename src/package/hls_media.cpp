#include <algorithm>

#include "core/rescale.hpp"
#include "core/text.hpp"
#include "package/playlist.hpp"

namespace mezz::package {
namespace {

constexpr std::uint32_t kMicros = 1000000;

// Which segments a rendition has, and when they begin in microseconds. Differences of rounded starts are what
// EXTINF says, so that their sum never drifts from the truth.
class SegmentTimes {
public:
    explicit SegmentTimes(const MediaPlaylist& playlist) noexcept
        : title_(playlist.title),
          line_(playlist.line),
          end_(micros(line_.start(line_.segment_count()), line_.track()->timescale)) {
        while (first_ < line_.segment_count() && line_.pieces(first_).empty())
            ++first_;
        if (first_ == line_.segment_count()) first_ = 0;  // there is nothing at all
        const bool muxed = playlist.format == Format::hls && line_.track()->kind == media::TrackKind::video;
        if (muxed && is_after(line_.segment_count() - 1))
            end_ = std::max(end_, micros(playlist.rendition.ts_end, title_.header().timescale));
    }

    /// The rendition begins later: there is nothing to be sent.
    [[nodiscard]] bool is_gap(std::uint32_t n) const noexcept { return n < first_; }
    [[nodiscard]] bool is_there(std::uint32_t n) const noexcept {
        return !line_.pieces(n).empty() || is_gap(n);
    }
    [[nodiscard]] std::uint64_t duration(std::uint32_t n) const noexcept {
        const std::int64_t begin = start(n);
        const std::int64_t end = start(n + 1);
        return end > begin ? static_cast<std::uint64_t>(end - begin) : 0;
    }

private:
    static std::int64_t micros(std::int64_t ticks, std::uint32_t timescale) noexcept {
        return std::max<std::int64_t>(rescale(ticks, kMicros, timescale), 0);
    }
    [[nodiscard]] bool is_after(std::uint32_t n) const noexcept {
        return line_.pieces(n).first == line_.track().piece_count();
    }
    [[nodiscard]] std::int64_t start(std::uint32_t n) const noexcept {
        if (n >= line_.segment_count()) return end_;
        if (n <= first_) return micros(title_.boundaries()[n], title_.header().timescale);
        return is_after(n) ? end_ : micros(line_.start(n), line_.track()->timescale);
    }

    const TitleView& title_;
    const TrackTimeline& line_;
    std::int64_t end_;
    std::uint32_t first_ = 0;
};

// The same in all playlists of a title (RFC 8216bis §6.2.4), so it comes from the boundaries; the cuts of
// audio may lie a frame beside them.
std::uint64_t longest_micros(const TitleView& title, Format format) {
    constexpr std::int64_t kFrameOfAudio = 50000;  // microseconds
    const auto boundaries = title.boundaries();
    std::int64_t longest = 0;
    for (std::size_t n = 1; n < boundaries.size(); ++n)
        longest = std::max(longest, boundaries[n] - boundaries[n - 1]);
    longest = rescale(longest, kMicros, title.header().timescale);
    if (format == Format::hls)
        longest = std::max(longest, std::int64_t{title.header().longest_ts_ms} * (kMicros / 1000));
    return static_cast<std::uint64_t>(longest + kFrameOfAudio);
}

std::uint64_t target_seconds(std::uint64_t micros) noexcept {
    return std::max<std::uint64_t>(1, (micros + kMicros / 2) / kMicros);
}

std::uint64_t target_seconds(const MediaPlaylist& playlist, const SegmentTimes& times) {
    std::uint64_t micros = longest_micros(playlist.title, playlist.format);
    for (std::uint32_t n = 0; n < playlist.line.segment_count(); ++n)
        micros = std::max(micros, times.duration(n));
    return target_seconds(micros);
}

void append_head(const MediaPlaylist& playlist, const SegmentTimes& times, std::uint32_t first,
                 std::string& out) {
    const bool cmaf = playlist.format == Format::cmaf;
    out += "#EXTM3U\n#EXT-X-VERSION:";
    out += cmaf ? '6' : '3';
    out += "\n#EXT-X-TARGETDURATION:";
    append_number(out, target_seconds(playlist, times));
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
    const SegmentTimes times(playlist);
    PieceRange segments = listed_segments(line, playlist.clip);
    while (!segments.empty() && !times.is_there(segments.first))
        ++segments.first;
    out.reserve(out.size() + 256 +
                (segments.last - segments.first) *
                    (40 + playlist.uri_prefix.size() + name.size() + playlist.query.size()));
    append_head(playlist, times, segments.first, out);
    for (std::uint32_t n = segments.first; n < segments.last; ++n) {
        if (!times.is_there(n)) continue;
        out += "#EXTINF:";
        append_seconds(out, times.duration(n));
        out += ",\n";
        if (times.is_gap(n)) out += "#EXT-X-GAP\n";
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
    append_number(out, target_seconds(longest_micros(title, Format::subs)));
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
