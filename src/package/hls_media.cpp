#include <algorithm>
#include <charconv>
#include <cstring>
#include <limits>
#include <vector>

#include "core/rescale.hpp"
#include "core/text.hpp"
#include "package/playlist.hpp"

namespace mezz::package {
namespace {

constexpr std::uint32_t kMicros = 1000000;

// Which segments a rendition has, and how long they last in microseconds. Differences of rounded starts are
// what EXTINF says, so that their sum never drifts from the truth.
class SegmentTimes {
public:
    explicit SegmentTimes(const MediaPlaylist& playlist)
        : starts_(playlist.line), pieces_(playlist.line.track().piece_count()), durations_(starts_.count()) {
        const std::uint32_t timescale = playlist.line.track()->timescale;
        std::int64_t end = micros(starts_.start(starts_.count()), timescale);
        while (first_ < starts_.count() && starts_.empty(first_))
            ++first_;
        if (first_ == starts_.count()) first_ = 0;  // there is nothing at all
        const bool muxed =
            playlist.format == Format::hls && playlist.line.track()->kind == media::TrackKind::video;
        if (muxed && is_after(starts_.count() - 1))
            end = std::max(end, micros(playlist.rendition.ts_end, playlist.title.header().timescale));
        std::int64_t begin = start(playlist.title, timescale, 0, end);
        for (std::uint32_t n = 0; n < starts_.count(); ++n) {
            const std::int64_t next =
                n + 1 == starts_.count() ? end : start(playlist.title, timescale, n + 1, end);
            durations_[n] = static_cast<std::uint64_t>(std::max<std::int64_t>(next - begin, 0));
            begin = next;
        }
    }

    /// The rendition begins later: there is nothing to be sent.
    [[nodiscard]] bool is_gap(std::uint32_t n) const noexcept { return n < first_; }
    [[nodiscard]] bool is_there(std::uint32_t n) const noexcept { return !starts_.empty(n) || is_gap(n); }
    [[nodiscard]] std::uint64_t duration(std::uint32_t n) const noexcept { return durations_[n]; }
    [[nodiscard]] std::uint64_t longest() const noexcept { return std::ranges::max(durations_); }

private:
    static std::int64_t micros(std::int64_t ticks, std::uint32_t timescale) noexcept {
        return std::max<std::int64_t>(rescale(ticks, kMicros, timescale), 0);
    }
    [[nodiscard]] bool is_after(std::uint32_t n) const noexcept { return starts_.pieces(n).first == pieces_; }
    [[nodiscard]] std::int64_t start(const TitleView& title, std::uint32_t timescale, std::uint32_t n,
                                     std::int64_t end) const noexcept {
        if (n <= first_) return micros(title.boundaries()[n], title.header().timescale);
        return is_after(n) ? end : micros(starts_.start(n), timescale);
    }

    SegmentStarts starts_;
    std::uint32_t pieces_;
    std::vector<std::uint64_t> durations_;
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
    char* write(char* to, std::uint32_t n, std::uint64_t micros, bool gap) noexcept {
        if (micros != micros_ || gap != gap_ || first_.empty()) begin(micros, gap);
        std::memcpy(to, first_.data(), first_.size());
        to += first_.size();
        to = std::to_chars(to, to + std::numeric_limits<std::uint32_t>::digits10 + 1, n).ptr;
        std::memcpy(to, after_.data(), after_.size());
        return to + after_.size();
    }

private:
    static constexpr std::size_t kOthers = 64;  // EXTINF with 20 digits and 7, EXT-X-GAP, the number

    void begin(std::uint64_t micros, bool gap) {
        micros_ = micros;
        gap_ = gap;
        first_ = "#EXTINF:";
        append_seconds(first_, micros);
        first_ += gap ? ",\n#EXT-X-GAP\n" : ",\n";
        first_ += before_;
    }

    std::string_view before_, after_;
    std::string first_;  // all before the number
    std::uint64_t micros_ = 0;
    bool gap_ = false;
};

void append_head(const MediaPlaylist& playlist, const SegmentTimes& times, std::uint32_t first,
                 std::string& out) {
    const bool cmaf = playlist.format == Format::cmaf;
    out += "#EXTM3U\n#EXT-X-VERSION:";
    out += cmaf ? '6' : '3';
    out += "\n#EXT-X-TARGETDURATION:";
    append_number(out,
                  target_seconds(std::max(longest_micros(playlist.title, playlist.format), times.longest())));
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
    const SegmentTimes times(playlist);
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
