// Silence in place of sound that starts late: players begin where all that they are given begins, and jump
// over what a track has not.
#pragma once

#include <cstdint>
#include <vector>

#include "core/bytes.hpp"
#include "media/file_index.hpp"
#include "media/sample.hpp"

namespace mezz::package {

/// Pieces or frames: first ≤ i < last.
struct PieceRange {
    std::uint32_t first = 0;
    std::uint32_t last = 0;

    [[nodiscard]] bool empty() const noexcept { return first >= last; }
    [[nodiscard]] std::uint32_t count() const noexcept { return empty() ? 0 : last - first; }
};

/// Media::Sample::offset of frames that are in no file.
inline constexpr std::uint64_t kSilenceOffset = std::uint64_t{1} << 63;

/// Whole frames from less than one before the title's beginning up to a track's first sample. There are none
/// unless there are frames of silence for the track (media::silent_form()), it starts a tenth of a second or
/// more after 0 and not later than ten minutes, not so late that it takes over 16 MiB, and its header allows
/// for times before its first.
class Silence {
public:
    explicit Silence(const media::TrackView& track) noexcept;

    [[nodiscard]] std::uint32_t count() const noexcept { return count_; }
    /// When frame i ≤ count() begins: where the sound does for i = count(). Ticks of the track.
    [[nodiscard]] std::int64_t time(std::uint32_t i) const noexcept;
    /// The frame whose start is nearest to `time` (ticks), count() included as the end.
    [[nodiscard]] std::uint32_t nearest(std::int64_t time) const noexcept;

private:
    std::uint32_t count_ = 0;
    std::uint32_t timescale_ = 1;
    std::uint32_t rate_ = 1;   // Hz
    std::uint32_t frame_ = 1;  // samples
    std::int64_t end_ = 0;
};

/// These frames as samples, all at kSilenceOffset.
[[nodiscard]] std::vector<media::Sample> silent_samples(const media::TrackView& track, const Silence& silence,
                                                        PieceRange frames);

/// A fragment (moof and mdat) of these frames, at least one, to be sent before what else segment n has.
[[nodiscard]] std::vector<std::byte> silent_fragment(const media::TrackView& track, const Silence& silence,
                                                     PieceRange frames, std::uint32_t n);

/// Bytes of that, which needs them not.
[[nodiscard]] std::uint64_t silent_fragment_size(const media::TrackView& track, const Silence& silence,
                                                 PieceRange frames);

}  // namespace mezz::package
