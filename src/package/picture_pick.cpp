#include "package/picture_pick.hpp"

#include <algorithm>
#include <charconv>

namespace mezz::package {
namespace {

std::optional<std::uint16_t> parse_side(std::string_view text) noexcept {
    std::uint16_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size() || text.starts_with('0'))
        return std::nullopt;
    if (value < kSmallestPicture || value > kLargestPicture) return std::nullopt;
    return value;
}

bool is_enough(const RenditionRecord& rendition, PictureSize size) noexcept {
    if (size == PictureSize{}) return false;
    return (size.width != 0 && rendition.width >= size.width) ||
           (size.height != 0 && rendition.height >= size.height);
}

bool is_better(const RenditionRecord& one, const RenditionRecord& other, PictureSize size) noexcept {
    if ((one.range == media::VideoRange::sdr) != (other.range == media::VideoRange::sdr))
        return one.range == media::VideoRange::sdr;
    const bool enough = is_enough(one, size);
    if (enough != is_enough(other, size)) return enough;
    return enough ? one.width < other.width : one.width > other.width;
}

std::int64_t shown(const media::Sample& sample) noexcept {
    return sample.dts + sample.composition_offset;
}

// The piece that begins last, but not after `time`.
std::uint32_t piece_before(const media::TrackView& track, std::int64_t time) noexcept {
    const std::uint32_t i = track.nearest_piece(time);
    return i > 0 && track.piece_time(i) > time ? i - 1 : i;
}

}  // namespace

std::optional<PictureSize> parse_picture_size(std::string_view query) noexcept {
    PictureSize size;
    while (!query.empty()) {
        const std::size_t end = std::min(query.find('&'), query.size());
        const std::string_view argument = query.substr(0, end);
        query.remove_prefix(std::min(end + 1, query.size()));
        const std::size_t equals = std::min(argument.find('='), argument.size());
        const std::string_view name = argument.substr(0, equals);
        if (name != "width" && name != "height") continue;
        std::uint16_t& side = name == "width" ? size.width : size.height;
        const auto value = parse_side(argument.substr(std::min(equals + 1, argument.size())));
        if (side != 0 || !value) return std::nullopt;
        side = *value;
    }
    return size;
}

const RenditionRecord* picture_rendition(std::span<const RenditionRecord> renditions,
                                         PictureSize size) noexcept {
    const RenditionRecord* best = nullptr;
    for (const RenditionRecord& rendition : renditions) {
        if (rendition.kind != media::TrackKind::video) continue;
        if (best == nullptr || is_better(rendition, *best, size)) best = &rendition;
    }
    return best;
}

PieceRange pieces_at(const TrackTimeline& line, std::int64_t time) noexcept {
    const media::TrackView& track = line.track();
    const std::uint32_t count = track.piece_count();
    const std::uint32_t first = std::min(piece_before(track, time), count - 1);
    return {first, std::min(first + 2, count)};
}

PieceRange key_piece_near(const TrackTimeline& line, std::int64_t time) noexcept {
    const media::TrackView& track = line.track();
    const std::uint32_t last = track.piece_count() - 1;
    const std::uint32_t first = std::min(line.pieces(0).first, last);
    const std::uint32_t i = std::clamp(track.nearest_piece(time), first, last);
    return {i, i + 1};
}

std::size_t sample_shown_at(std::span<const media::Sample> samples, std::int64_t time) noexcept {
    std::size_t best = 0;
    for (std::size_t i = 1; i < samples.size(); ++i) {
        const bool in_time = shown(samples[i]) <= time;
        const bool best_in_time = shown(samples[best]) <= time;
        const bool later = shown(samples[i]) > shown(samples[best]);
        if (in_time != best_in_time ? in_time : later == in_time) best = i;
    }
    return best;
}

std::size_t key_for(std::span<const media::Sample> samples, std::size_t i) noexcept {
    std::size_t key = i;
    while (key > 0 && !(samples[key].sync && shown(samples[key]) <= shown(samples[i])))
        --key;
    return key;
}

}  // namespace mezz::package
