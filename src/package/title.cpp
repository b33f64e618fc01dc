#include "package/title.hpp"

#include <algorithm>

#include "core/rescale.hpp"

namespace mezz::package {

const RenditionRecord* TitleView::find(std::string_view name) const noexcept {
    const auto all = renditions();
    const auto found =
        std::ranges::find_if(all, [&](const RenditionRecord& r) { return name == r.name.data(); });
    return found == all.end() ? nullptr : &*found;
}

const TextRecord* TitleView::find_text(std::string_view name) const noexcept {
    const auto all = texts();
    const auto found = std::ranges::find_if(all, [&](const TextRecord& t) { return name == t.name.data(); });
    return found == all.end() ? nullptr : &*found;
}

const RenditionRecord* TitleView::default_audio() const noexcept {
    const auto all = renditions();
    const auto found = std::ranges::find_if(
        all, [](const RenditionRecord& r) { return r.kind == media::TrackKind::audio && r.is_default; });
    return found == all.end() ? nullptr : &*found;
}

bool TitleView::has_video() const noexcept {
    const auto all = renditions();
    return !all.empty() && all.front().kind == media::TrackKind::video;
}

const RenditionRecord* TitleView::muxed_audio() const noexcept {
    const auto all = renditions();
    const auto found = std::ranges::find_if(all, &RenditionRecord::is_muxed);
    return found == all.end() ? nullptr : &*found;
}

// Whole pieces that an edit list hides are not sent: segment 0 begins with the piece that is on at time 0.
std::uint32_t TrackTimeline::first_piece(std::uint32_t n) const noexcept {
    if (n == 0) {
        const std::uint32_t i = track_.nearest_piece(0);
        return i > 0 && track_.piece_time(i) > 0 ? i - 1 : i;
    }
    if (n >= segment_count()) return track_.piece_count();
    return track_.nearest_piece(boundary(n));
}

std::int64_t TrackTimeline::boundary(std::uint32_t n) const noexcept {
    return rescale(boundaries_[n], track_->timescale, timescale_);
}

PieceRange TrackTimeline::pieces(std::uint32_t n) const noexcept {
    return {first_piece(n), first_piece(n + 1)};
}

std::uint32_t TrackTimeline::first_silent_frame(std::uint32_t n) const noexcept {
    if (n == 0 || silence_.count() == 0) return 0;
    return n >= segment_count() ? silence_.count() : silence_.nearest(boundary(n));
}

PieceRange TrackTimeline::silent_frames(std::uint32_t n) const noexcept {
    return {first_silent_frame(n), first_silent_frame(n + 1)};
}

std::int64_t TrackTimeline::start(std::uint32_t n) const noexcept {
    if (n == 0) return 0;
    if (const std::uint32_t frame = first_silent_frame(n); frame < silence_.count())
        return silence_.time(frame);
    return std::max<std::int64_t>(track_.piece_time(first_piece(n)), 0);
}

SegmentStarts::SegmentStarts(const TrackTimeline& line) {
    const media::TrackView& track = line.track();
    const Silence& silence = line.silence();
    const auto add = [&](std::uint32_t piece, std::int64_t time) {
        const std::uint32_t silent = line.first_silent_frame(static_cast<std::uint32_t>(starts_.size()));
        if (silent < silence.count()) time = silence.time(silent);
        starts_.push_back({piece, silent, std::max<std::int64_t>(time, 0)});
    };
    starts_.reserve(std::size_t{line.segment_count()} + 1);
    const std::uint32_t first = line.first_piece(0);
    add(first, track.piece_time(first));
    media::PieceWalk walk(track);
    for (std::uint32_t n = 1; n < line.segment_count(); ++n) {
        const media::PieceWalk::Found found = walk.nearest(line.boundary(n));
        add(found.piece, found.time);
    }
    add(track.piece_count(), track->end);
}

}  // namespace mezz::package
