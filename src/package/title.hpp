// A title as it is packaged: its renditions, and the segment boundaries that all of them share. One flat,
// position-independent block of bytes that can lie in shared memory.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "core/bytes.hpp"
#include "media/file_index.hpp"
#include "package/silence.hpp"

namespace mezz::package {

/// A file of the title as it was when the title was put together.
struct FileRecord {
    ArrayRef name;  ///< relative to the title, empty if the title is this file
    std::uint64_t size = 0;
    std::int64_t modified = 0;  ///< nanoseconds since 1970
};

/// Bits a second: the peak segment bit rate of RFC 8216bis §4.1, and the average.
struct BitRate {
    std::uint64_t peak = 0;
    std::uint64_t average = 0;
};

/// One rendition. Texts end with NUL.
struct RenditionRecord {
    std::array<char, 48> name{};          ///< {r} of its URLs
    std::array<char, 48> codec_string{};  ///< RFC 6381
    std::array<char, 16> language{};      ///< empty if unknown
    std::array<char, 64> label{};         ///< for people
    media::TrackKind kind = media::TrackKind::video;
    media::Layout layout = media::Layout::sample_tables;
    media::Codec codec = media::Codec::h264;
    media::VideoRange range = media::VideoRange::sdr;
    bool is_default = false;     ///< the audio that players choose
    bool is_muxed = false;       ///< the audio that TS segments of video carry
    bool in_ts = false;          ///< a transport stream can carry its codec
    bool is_described = false;   ///< audio that tells what is to be seen
    bool is_commentary = false;  ///< audio about the title
    std::uint8_t channels = 0;
    std::uint8_t joc_complexity = 0;      ///< see media::AudioFormat
    std::uint32_t file = 0;               ///< index of its FileRecord
    std::uint32_t track = 0;              ///< index in its file's index
    std::uint16_t width = 0, height = 0;  ///< as displayed, pixels
    std::uint32_t sample_rate = 0;        ///< Hz
    std::uint64_t frame_rate_milli = 0;   ///< frames in 1000 seconds, 0 if unknown
    bool turned = false;  ///< a player turns it by a quarter; `width` and `height` are those that it has then
    std::int64_t ts_end =
        0;  ///< of its transport stream, with the muxed audio in it; ticks of the boundaries
    BitRate cmaf;
    BitRate ts;            ///< video: with the muxed audio in it
    BitRate iframes_cmaf;  ///< of the I-frame playlist; 0 if there is none
    BitRate iframes_ts;    ///< also 0 if a transport stream cannot carry the codec

    /// Audio that is the title's own sound, and nothing else.
    [[nodiscard]] bool is_plain() const noexcept { return !is_described && !is_commentary; }
};

/// TextRecord::track of a WebVTT or SRT file.
inline constexpr std::uint32_t kOwnFile = UINT32_MAX;

/// A text track: subtitles or captions, in a file of its own or in an MP4 file. Texts end with NUL.
struct TextRecord {
    std::array<char, 48> name{};      ///< {r} of its URLs, no rendition's
    std::array<char, 16> language{};  ///< empty if unknown
    std::array<char, 64> label{};     ///< for people
    bool is_default = false;          ///< at most one of a title
    bool is_forced = false;           ///< only what viewers who understand the sound need
    bool is_sdh = false;              ///< for the deaf and hard of hearing: sounds, too
    std::uint32_t track = kOwnFile;   ///< index among the text tracks of its file's index
    FileRecord file;
    BitRate rate;  ///< of its segments
};

/// Sheets of tiles that follow each other in time, thumbs/storyboard_0.jpg and so on.
struct Storyboard {
    std::uint32_t sheets = 0;   ///< 0 if there are none
    std::uint32_t columns = 0;  ///< tiles in a row of a sheet
    std::uint32_t rows = 0;
    std::uint32_t tile_width = 0;  ///< pixels
    std::uint32_t tile_height = 0;
    std::uint32_t interval_ms = 0;  ///< from one tile to the next
    std::uint64_t largest = 0;      ///< bytes of a sheet
};

struct TitleHeader {
    std::uint32_t version = 0;
    std::uint32_t size = 0;  ///< bytes of the block
    std::array<char, 24> revision{};
    std::int64_t modified = 0;    ///< newest file, seconds since 1970
    std::uint32_t timescale = 0;  ///< of the boundaries
    std::uint32_t unaligned = 0;  ///< renditions left out, because their sync points do not fit the others
    std::uint32_t independent =
        0;  ///< 1: all that begins with a segment can be decoded without what is before
    std::uint32_t longest_ts_ms = 0;    ///< segment of a transport stream, with the muxed audio in it
    std::uint32_t longest_cmaf_ms = 0;  ///< segment of a single rendition
    ArrayRef boundaries;                ///< int64 ticks; segment n is between n and n + 1
    ArrayRef files;
    ArrayRef renditions;  ///< video by rising bit rate, then audio
    ArrayRef texts;       ///< in the catalog's order
    ArrayRef name;        ///< what people call the title, UTF-8; empty if that is not known
    Storyboard storyboard;
};

/// Reads a block that build_title() made; trusted, aligned to 8 bytes.
class TitleView {
public:
    explicit TitleView(Bytes block) noexcept : block_(block) {}

    [[nodiscard]] Bytes block() const noexcept { return block_; }

    [[nodiscard]] const TitleHeader& header() const noexcept {
        return *reinterpret_cast<const TitleHeader*>(block_.data());
    }
    [[nodiscard]] std::string_view revision() const noexcept { return header().revision.data(); }
    [[nodiscard]] std::span<const std::int64_t> boundaries() const noexcept {
        return array<std::int64_t>(header().boundaries);
    }
    [[nodiscard]] std::string_view name() const noexcept { return as_text(array<std::byte>(header().name)); }
    [[nodiscard]] std::uint32_t segment_count() const noexcept { return header().boundaries.count - 1; }
    [[nodiscard]] std::span<const FileRecord> files() const noexcept {
        return array<FileRecord>(header().files);
    }
    [[nodiscard]] std::string_view file_name(const FileRecord& file) const noexcept {
        return as_text(array<std::byte>(file.name));
    }
    [[nodiscard]] std::span<const RenditionRecord> renditions() const noexcept {
        return array<RenditionRecord>(header().renditions);
    }
    [[nodiscard]] std::span<const TextRecord> texts() const noexcept {
        return array<TextRecord>(header().texts);
    }
    /// The text track of that name, nullptr if there is none.
    [[nodiscard]] const TextRecord* find_text(std::string_view name) const noexcept;
    /// The rendition of that name, nullptr if there is none.
    [[nodiscard]] const RenditionRecord* find(std::string_view name) const noexcept;
    /// The audio that players choose, nullptr if the title has none.
    [[nodiscard]] const RenditionRecord* default_audio() const noexcept;
    [[nodiscard]] bool has_video() const noexcept;
    /// The audio that TS segments of video carry, nullptr if the title has none.
    [[nodiscard]] const RenditionRecord* muxed_audio() const noexcept;

private:
    template <class T>
    [[nodiscard]] std::span<const T> array(ArrayRef ref) const noexcept {
        return {reinterpret_cast<const T*>(block_.data() + ref.offset), ref.count};
    }

    Bytes block_;
};

/// Boundaries of segments as seen by one track.
class TrackTimeline {
public:
    TrackTimeline(std::span<const std::int64_t> boundaries, std::uint32_t timescale,
                  const media::TrackView& track) noexcept
        : boundaries_(boundaries), timescale_(timescale), track_(track), silence_(track) {}

    [[nodiscard]] std::uint32_t segment_count() const noexcept {
        return static_cast<std::uint32_t>(boundaries_.size() - 1);
    }
    /// Of the title, see TitleHeader.
    [[nodiscard]] std::span<const std::int64_t> boundaries() const noexcept { return boundaries_; }
    [[nodiscard]] std::uint32_t timescale() const noexcept { return timescale_; }
    /// Pieces of segment n. Empty where the track has nothing: it starts later or has ended.
    [[nodiscard]] PieceRange pieces(std::uint32_t n) const noexcept;
    /// Frames of silence that segment n begins with.
    [[nodiscard]] PieceRange silent_frames(std::uint32_t n) const noexcept;
    [[nodiscard]] const Silence& silence() const noexcept { return silence_; }
    /// There is nothing to be sent in segment n.
    [[nodiscard]] bool empty(std::uint32_t n) const noexcept {
        return pieces(n).empty() && silent_frames(n).empty();
    }
    /// Presentation time at which segment n starts, 0 for the first, the track's end for n = segment_count().
    /// Ticks of the track.
    [[nodiscard]] std::int64_t start(std::uint32_t n) const noexcept;
    [[nodiscard]] const media::TrackView& track() const noexcept { return track_; }

private:
    friend class SegmentStarts;
    [[nodiscard]] std::uint32_t first_piece(std::uint32_t n) const noexcept;
    [[nodiscard]] std::uint32_t first_silent_frame(std::uint32_t n) const noexcept;
    /// Where segment n is wished to begin, 0 < n; ticks of the track.
    [[nodiscard]] std::int64_t boundary(std::uint32_t n) const noexcept;

    std::span<const std::int64_t> boundaries_;
    std::uint32_t timescale_;
    media::TrackView track_;
    Silence silence_;
};

/// Where all segments of a track begin, found in one pass over its pieces: for what tells of all of them. The
/// values are those of the timeline.
class SegmentStarts {
public:
    explicit SegmentStarts(const TrackTimeline& line);

    [[nodiscard]] std::uint32_t count() const noexcept {
        return static_cast<std::uint32_t>(starts_.size() - 1);
    }
    [[nodiscard]] bool empty(std::uint32_t n) const noexcept {
        return pieces(n).empty() && silent_frames(n).empty();
    }
    /// As TrackTimeline::pieces().
    [[nodiscard]] PieceRange pieces(std::uint32_t n) const noexcept {
        return {starts_[n].piece, starts_[n + 1].piece};
    }
    /// As TrackTimeline::silent_frames().
    [[nodiscard]] PieceRange silent_frames(std::uint32_t n) const noexcept {
        return {starts_[n].silent_frame, starts_[n + 1].silent_frame};
    }
    /// As TrackTimeline::start().
    [[nodiscard]] std::int64_t start(std::uint32_t n) const noexcept { return n == 0 ? 0 : starts_[n].time; }
    /// When what segment n has first is shown or heard; ticks, not before 0. A track may start later than the
    /// title.
    [[nodiscard]] std::int64_t media_start(std::uint32_t n) const noexcept { return starts_[n].time; }

private:
    struct Start {
        std::uint32_t piece = 0;
        std::uint32_t silent_frame = 0;
        std::int64_t time = 0;
    };

    std::vector<Start> starts_;  // of each segment, and the end
};

[[nodiscard]] inline TrackTimeline timeline(const TitleView& title, const media::TrackView& track) noexcept {
    return {title.boundaries(), title.header().timescale, track};
}

}  // namespace mezz::package
