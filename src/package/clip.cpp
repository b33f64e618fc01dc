#include "package/clip.hpp"

#include <algorithm>

#include "core/rescale.hpp"
#include "core/text.hpp"

namespace mezz::package {
namespace {

constexpr std::uint32_t kMicros = 1000000;

void append_argument(std::string& out, std::string_view name, std::int64_t micros) {
    out += out.empty() ? '?' : '&';
    out += name;
    out += '=';
    append_seconds(out, static_cast<std::uint64_t>(micros));
    out.erase(out.find_last_not_of('0') + 1);
    if (out.ends_with('.')) out.pop_back();
}

// The piece that is on at a time: it begins then or before.
std::uint32_t piece_at(const media::TrackView& track, std::int64_t time) noexcept {
    const std::uint32_t nearest = track.nearest_piece(time);
    return nearest > 0 && track.piece_time(nearest) > time ? nearest - 1 : nearest;
}

// In microseconds that in ticks are not after it: a key frame at that time is not cut off.
std::int64_t micros_before(std::int64_t ticks, std::uint32_t timescale) noexcept {
    const std::int64_t micros = rescale(ticks, kMicros, timescale);
    return rescale(micros, timescale, kMicros) > ticks ? micros - 1 : micros;
}

}  // namespace

Result<std::optional<Clip>> place_clip(const TitleView& title, const ClipRange& range) {
    if (range.is_whole()) return std::nullopt;
    const auto boundaries = title.boundaries();
    const std::uint32_t timescale = title.header().timescale;
    const auto micros = [&](std::uint32_t n) { return rescale(boundaries[n], kMicros, timescale); };
    Clip clip;
    clip.asked = range;
    clip.from = range.from.value_or(0);
    const std::int64_t end = micros(title.segment_count());
    if (clip.from >= end) return fail(ErrorCode::not_found, "query: from is past the title's end");
    clip.to = std::min(range.to.value_or(end), end);
    // Compared in microseconds, as playlists tell the boundaries: who copies one gets just that segment.
    while (clip.first + 1 < title.segment_count() && micros(clip.first + 1) <= clip.from)
        ++clip.first;
    clip.last = clip.first + 1;
    while (clip.last < title.segment_count() && micros(clip.last) < clip.to)
        ++clip.last;
    clip.lead = clip.from - micros(clip.first);
    return clip;
}

PieceRange listed_segments(const TrackTimeline& line, const std::optional<Clip>& clip) noexcept {
    return clip ? PieceRange{clip->first, clip->last} : PieceRange{0, line.segment_count()};
}

bool has_media(const TrackTimeline& line, const std::optional<Clip>& clip) noexcept {
    const PieceRange segments = listed_segments(line, clip);
    for (std::uint32_t n = segments.first; n < segments.last; ++n)
        if (!line.empty(n)) return true;
    return false;
}

Clip from_key_frame(Clip clip, std::span<const media::TrackView> tracks) noexcept {
    std::optional<std::int64_t> begin;
    for (const media::TrackView& track : tracks) {
        if (track->kind != media::TrackKind::video) continue;
        const std::int64_t wanted = rescale(begin.value_or(clip.from), track->timescale, kMicros);
        const std::uint32_t piece = begin ? track.nearest_piece(wanted) : piece_at(track, wanted);
        const std::int64_t time = micros_before(track.piece_time(piece), track->timescale);
        begin = std::min(begin.value_or(clip.from), time);
    }
    if (!begin) return clip;
    clip.lead -= clip.from - std::max<std::int64_t>(*begin, 0);
    clip.from = std::max<std::int64_t>(*begin, 0);
    clip.asked.from = clip.from;
    return clip;
}

std::uint64_t clip_offset(const Clip& clip, std::uint32_t timescale) noexcept {
    return static_cast<std::uint64_t>(rescale(clip.from, timescale, kMicros));
}

std::uint64_t clip_end(const Clip& clip, std::uint32_t timescale) noexcept {
    return static_cast<std::uint64_t>(rescale(clip.to, timescale, kMicros));
}

PieceRange needed_pieces(const TrackTimeline& line, const Clip& clip) noexcept {
    const media::TrackView& track = line.track();
    const bool audio = track->kind == media::TrackKind::audio;
    const std::int64_t preroll = audio ? track->timescale / kPrerollPerSecond : 0;
    const auto from = static_cast<std::int64_t>(clip_offset(clip, track->timescale)) - preroll;
    const auto to = static_cast<std::int64_t>(clip_end(clip, track->timescale));
    PieceRange pieces{piece_at(track, from), track.nearest_piece(to)};
    // Pictures that are shown before a key frame may come after it: one piece more.
    pieces.last = std::min(pieces.last + 2, track.piece_count());
    pieces.first = std::max(pieces.first, line.pieces(0).first);
    return pieces;
}

std::string with_clip(std::string_view query, const std::optional<Clip>& clip) {
    std::string out(query);
    if (clip && clip->asked.from) append_argument(out, "from", *clip->asked.from);
    if (clip && clip->asked.to) append_argument(out, "to", *clip->asked.to);
    return out;
}

void append_start(const std::optional<Clip>& clip, std::string& out) {
    if (!clip || clip->lead <= 0) return;
    out += "#EXT-X-START:TIME-OFFSET=";
    append_seconds(out, static_cast<std::uint64_t>(clip->lead));
    out += ",PRECISE=YES\n";
}

void append_first_number(const std::optional<Clip>& clip, std::uint32_t number, std::string& out) {
    if (!clip || number == 0) return;
    out += "#EXT-X-MEDIA-SEQUENCE:";
    append_number(out, number);
    out += '\n';
}

}  // namespace mezz::package
