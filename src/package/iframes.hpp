// Trick play: I-frame playlists (RFC 8216bis §4.4.3.6, §4.4.6.3) and the segments that they list, each of one
// picture. The pictures are those that begin a piece of the track.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.hpp"
#include "media/sample.hpp"
#include "package/clip.hpp"
#include "package/fmp4.hpp"
#include "package/playlist.hpp"
#include "package/title.hpp"

namespace mezz::package {

/// The I-frames of a video track, numbered from 0. Cheap to copy, as the timeline is.
class IFrameLine {
public:
    explicit IFrameLine(const TrackTimeline& line) noexcept
        : track_(line.track()), first_(line.pieces(0).first) {}

    [[nodiscard]] std::uint32_t count() const noexcept { return track_.piece_count() - first_; }
    /// True if the size of each is known (of a fragmented file with sidx only if it has ssix, too) and each
    /// lasts some time.
    [[nodiscard]] bool is_complete() const;
    /// The piece that I-frame n begins; empty if there is none of that number.
    [[nodiscard]] PieceRange piece(std::uint32_t n) const noexcept;
    /// When it is shown: ticks, 0 for the first, the track's end for n = count().
    [[nodiscard]] std::int64_t start(std::uint32_t n) const noexcept;
    /// Until the next one or the track's end; ticks.
    [[nodiscard]] std::int64_t duration(std::uint32_t n) const noexcept { return start(n + 1) - start(n); }
    [[nodiscard]] const media::TrackView& track() const noexcept { return track_; }

    /// Bytes of its .m4s, as plan_iframe() makes it.
    [[nodiscard]] std::uint64_t cmaf_size(std::uint32_t n) const noexcept;
    /// Bytes of its .ts.
    [[nodiscard]] std::uint64_t ts_size(std::uint32_t n) const noexcept;
    /// Transport packets that its picture, read from the file, is to take at least for ts_size() to be exact.
    [[nodiscard]] std::uint32_t least_ts_packets(std::uint32_t n,
                                                 const media::Sample& picture) const noexcept;

private:
    friend std::vector<std::int64_t> starts_of(const IFrameLine& line);
    [[nodiscard]] std::uint32_t ts_packets(std::uint32_t n) const noexcept;

    media::TrackView track_;
    std::uint32_t first_;
};

/// The I-frames first ≤ n < last to list: those in the segments of the clip, or all.
[[nodiscard]] PieceRange listed_iframes(const TrackTimeline& line, const std::optional<Clip>& clip) noexcept;

/// When each I-frame of a line is shown, as IFrameLine::start() says, and the end: count() + 1 times.
[[nodiscard]] std::vector<std::int64_t> starts_of(const IFrameLine& line);

/// How long each I-frame lasts, microseconds: differences of rounded starts, so that their sum never drifts
/// from the truth.
[[nodiscard]] std::vector<std::int64_t> micros_of(const IFrameLine& line);

/// Sets the bit rates of a rendition's I-frame playlists; leaves them 0 if it has none, and that of transport
/// streams if they cannot carry its codec.
void set_iframe_rates(const TrackTimeline& line, RenditionRecord& rendition);

/// Plans I-frame n, of which `picture` is the sample: a fragment of its own that lasts until the next one.
/// For a fragmented file it takes as many bytes as moof and picture do in the file: a free box fills them up.
/// Fails with too_large if the picture is over 4 GiB.
[[nodiscard]] Result<FragmentPlan> plan_iframe(const IFrameLine& line, const media::Sample& picture,
                                               std::uint32_t n);

/// Appends the I-frame playlist of a video rendition.
void write_iframe_playlist(const MediaPlaylist& playlist, std::string& out);

/// Appends EXT-X-I-FRAME-STREAM-INF for each rendition that has an I-frame playlist. `range`: with
/// VIDEO-RANGE, as the variants have it.
void write_iframe_streams(const TitleView& title, Format format, bool range, std::string_view query,
                          std::string& out);

/// The AdaptationSet of video that one for trick play is made for.
struct VideoSet {
    unsigned id = 0;
    std::vector<std::size_t> members;  ///< of title.renditions()
    std::string properties;            ///< its EssentialProperty elements
    std::optional<Clip> clip{};        ///< what the manifest is of
};

/// Appends an AdaptationSet with that id for trick play, beside `video`; false if none of its renditions has
/// I-frames. `tracks` belong to title.renditions(), in order.
[[nodiscard]] bool write_trick_set(const TitleView& title, std::span<const media::TrackView> tracks,
                                   const VideoSet& video, std::string_view query, unsigned id,
                                   std::string& out);

}  // namespace mezz::package
