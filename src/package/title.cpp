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

std::uint32_t TrackTimeline::first_piece(std::uint32_t n) const noexcept {
    if (n == 0) return 0;
    if (n >= segment_count()) return track_.piece_count();
    return track_.nearest_piece(rescale(boundaries_[n], track_->timescale, timescale_));
}

PieceRange TrackTimeline::pieces(std::uint32_t n) const noexcept {
    return {first_piece(n), first_piece(n + 1)};
}

std::int64_t TrackTimeline::start(std::uint32_t n) const noexcept {
    return n == 0 ? 0 : track_.piece_time(first_piece(n));
}

}  // namespace mezz::package
