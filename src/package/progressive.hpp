// A progressive MP4 (ISO/IEC 14496-12 §8) made of samples that lie elsewhere: moov first, then chunks of up
// to a second of each track in turn. Plan, then emit: the plan needs no media byte.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core/byte_range.hpp"
#include "core/bytes.hpp"
#include "core/error.hpp"
#include "media/file_index.hpp"
#include "media/sample.hpp"
#include "package/clip.hpp"

namespace mezz::package {

/// Some bytes of one of the files that the answer is made of.
struct FileSpan {
    std::uint64_t offset = 0;
    std::uint32_t length = 0;
    std::uint32_t source = 0;  ///< which file

    [[nodiscard]] std::uint64_t end() const noexcept { return offset + length; }
};

/// Collects the sample tables of one track: 4 bytes a sample, and 8 more where composition offsets differ.
class ProgressiveTrack {
public:
    /// The samples lie in file `source`. All that is kept takes at most `max_bytes`. The index that the track
    /// belongs to must outlive this object.
    ProgressiveTrack(const media::TrackView& track, std::uint32_t source, std::uint64_t max_bytes) noexcept
        : track_(track), source_(source), max_bytes_(max_bytes) {}

    /// To be called before the first sample, for a download that shows a clip only and begins with it. The
    /// samples are those of needed_pieces(); what is not needed of these is left out.
    void show_only(const Clip& clip) noexcept;

    /// Takes the next samples, in decoding order. Gaps of their decode times become part of the sample
    /// before. Fails with too_large beyond `max_bytes`, with unsupported if times do not fit into the tables.
    [[nodiscard]] Result<void> add(std::span<const media::Sample> samples);

    /// Whether there is no sample that is shown.
    [[nodiscard]] bool empty() const noexcept { return !any_; }

    /// To be called after the last sample. Fails as add() does, and with bad_media if there was none.
    [[nodiscard]] Result<void> finish();

private:
    friend class ProgressiveWriter;

    struct Run {
        std::uint32_t count = 0;
        std::int64_t value = 0;
    };
    struct Chunk {
        std::int64_t time = 0;  // decode time, ticks of the presentation
        std::uint64_t bytes = 0;
        std::uint32_t samples = 0;
        std::uint32_t spans = 0;
    };

    [[nodiscard]] bool is_long_before(const media::Sample& sample) const noexcept;
    [[nodiscard]] Result<void> take(const media::Sample& sample);
    void emit(std::uint32_t duration);
    void add_to_chunk(std::uint32_t duration);
    [[nodiscard]] std::uint64_t kept() const noexcept;

    media::TrackView track_;
    std::uint32_t source_;
    std::uint64_t max_bytes_;
    std::vector<std::byte> sizes_;
    std::vector<Run> durations_;
    std::vector<Run> offsets_;
    std::vector<std::uint32_t> syncs_;  // numbers from 1
    std::vector<Chunk> chunks_;
    std::vector<FileSpan> spans_;
    std::vector<media::Sample> after_;  // shown after the end, and not known to be needed
    std::int64_t origin_ = 0;           // what is subtracted from times
    std::int64_t length_ = INT64_MAX;   // of what is shown
    media::Sample last_;                // not yet emitted; composition offset as it will be written
    std::uint32_t count_ = 0;
    std::int64_t begin_ = 0;  // first decode time
    std::int64_t end_ = 0;    // of presentation
    std::int64_t chunk_end_ = 0;
    std::int64_t lowest_offset_ = 0;
    std::int64_t media_ticks_ = 0;
    bool any_ = false;
};

/// What is to be sent: `head`, then the spans.
struct Progressive {
    std::vector<std::byte> head;  ///< ftyp, moov and the header of mdat
    std::vector<FileSpan> spans;
    std::uint64_t size = 0;  ///< bytes of all
};

/// Lays out a file of some finished tracks, of which the first gives the movie's timescale. Uses them up.
/// Fails with too_large if moov exceeds 1 GiB, with internal if an init segment cannot be read.
[[nodiscard]] Result<Progressive> write_progressive(std::span<ProgressiveTrack> tracks);

}  // namespace mezz::package
