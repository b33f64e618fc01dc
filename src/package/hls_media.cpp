#include <algorithm>
#include <charconv>
#include <cstring>
#include <limits>
#include <vector>

#include "core/rescale.hpp"
#include "core/text.hpp"
#include "package/playlist.hpp"
#include "package/segment_times.hpp"

namespace mezz::package {
namespace {

SegmentTimes times_of(const MediaPlaylist& playlist) {
    const TitleHeader& header = playlist.title.header();
    const bool muxed =
        playlist.format == Format::hls && playlist.line.track()->kind == media::TrackKind::video;
    return SegmentTimes(playlist.line, muxed ? to_micros(playlist.rendition.ts_end, header.timescale) : 0);
}

// The same in all playlists of a title (RFC 8216bis §6.2.4), so it comes from the boundaries.
std::int64_t longest_of(const TitleView& title, Format format) noexcept {
    const TitleHeader& header = title.header();
    return longest_micros(title.boundaries(), header.timescale,
                          format == Format::hls ? header.longest_ts_ms : 0);
}

// Writes the lines of segments into room that is made for all of them at once: they are nearly all of a
// playlist. Most last as long as the one before, so that only the number differs.
class SegmentLines {
public:
    /// URIs are `before`, the number, and `after`.
    SegmentLines(std::string_view before, std::string_view after) : before_(before), after_(after) {
        first_.reserve(kOthers + before.size());  // so that nothing fails while the lines are written
    }

    /// The most bytes that `count` segments take.
    [[nodiscard]] std::size_t most(std::uint32_t count) const noexcept {
        return count * (kOthers + before_.size() + after_.size());
    }

    /// Writes what tells of segment n; returns where it ends.
    char* write(char* to, std::uint32_t n, std::int64_t micros, bool gap) noexcept {
        if (micros != micros_ || gap != gap_ || first_.empty()) begin(micros, gap);
        std::memcpy(to, first_.data(), first_.size());
        to += first_.size();
        to = std::to_chars(to, to + std::numeric_limits<std::uint32_t>::digits10 + 1, n).ptr;
        std::memcpy(to, after_.data(), after_.size());
        return to + after_.size();
    }

private:
    static constexpr std::size_t kOthers = 64;  // EXTINF with 20 digits and 7, EXT-X-GAP, the number

    void begin(std::int64_t micros, bool gap) {
        micros_ = micros;
        gap_ = gap;
        first_ = "#EXTINF:";
        append_seconds(first_, static_cast<std::uint64_t>(micros));
        first_ += gap ? ",\n#EXT-X-GAP\n" : ",\n";
        first_ += before_;
    }

    std::string_view before_, after_;
    std::string first_;  // all before the number
    std::int64_t micros_ = 0;
    bool gap_ = false;
};

void append_head(const MediaPlaylist& playlist, const SegmentTimes& times, std::uint32_t first,
                 std::string& out) {
    const bool cmaf = playlist.format == Format::cmaf;
    out += "#EXTM3U\n#EXT-X-VERSION:";
    out += cmaf ? '6' : '3';
    out += "\n#EXT-X-TARGETDURATION:";
    append_number(out,
                  target_seconds(std::max(longest_of(playlist.title, playlist.format), times.longest())));
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
    const SegmentTimes times = times_of(playlist);
    PieceRange segments = listed_segments(playlist.line, playlist.clip);
    while (!segments.empty() && !times.is_there(segments.first))
        ++segments.first;
    std::string before;
    before += playlist.uri_prefix;
    before += playlist.rendition.name.data();
    before += '_';
    std::string after(playlist.format == Format::cmaf ? ".m4s" : ".ts");
    after += playlist.query;
    after += '\n';
    append_head(playlist, times, segments.first, out);
    SegmentLines lines(before, after);
    const std::size_t size = out.size();
    const std::size_t most = lines.most(segments.count());
    out.resize_and_overwrite(size + most, [&](char* text, std::size_t) {
        char* to = text + size;
        for (std::uint32_t n = segments.first; n < segments.last; ++n)
            if (times.is_there(n)) to = lines.write(to, n, times.duration(n), times.is_gap(n));
        return static_cast<std::size_t>(to - text);
    });
    out += "#EXT-X-ENDLIST\n";
}

void write_text_playlist(const TitleView& title, const TextRecord& text, std::string_view uri_prefix,
                         std::string_view query, std::string& out, const std::optional<Clip>& clip) {
    const auto boundaries = title.boundaries();
    const auto micros = [&](std::uint32_t n) {
        return static_cast<std::uint64_t>(to_micros(boundaries[n], title.header().timescale));
    };
    out += "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:";
    append_number(out, target_seconds(longest_of(title, Format::subs)));
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
