// Reads the samples of a text track from an MP4 file. Never reads itself: it says which bytes it needs.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "media/file_index.hpp"
#include "media/sample_reader.hpp"
#include "media/text_samples.hpp"

namespace mezz::media {

/// Usage: while (auto need = reader.need()) { read it; reader.feed(bytes); } then take_index(). The index
/// that the track belongs to must outlive the reader. Some 64 KiB and the samples' descriptions are in memory
/// at a time, beside the cues.
class TextTrackReader {
public:
    /// A track of FileIndexView::text(), in a file of `file_size` bytes. Its samples may have `most_bytes`
    /// bytes in all.
    TextTrackReader(TrackView track, std::uint64_t file_size, std::uint64_t most_bytes);

    /// The bytes that the next feed() must be given; nullopt when all cues are known.
    [[nodiscard]] std::optional<ByteRange> need() const noexcept;

    /// Takes exactly the bytes of need(); they are not referred to afterwards. Fails with bad_media or, if
    /// the track is larger than text may be, with too_large.
    [[nodiscard]] Result<void> feed(Bytes bytes);

    /// A block that TextIndexView reads. Call once, when need() is nullopt.
    [[nodiscard]] Result<std::vector<std::byte>> take_index() const;

private:
    [[nodiscard]] Result<void> go_on();
    [[nodiscard]] Result<void> take_samples();
    void plan_batch() noexcept;
    [[nodiscard]] Result<void> read_batch(Bytes bytes);

    TrackView track_;
    std::uint64_t file_size_;
    std::uint64_t bytes_left_;
    std::optional<SampleReader> reader_;
    std::uint32_t piece_ = 0;  // the next one
    std::vector<Sample> samples_;
    std::size_t next_ = 0;   // sample that has not been read
    std::size_t count_ = 0;  // samples that are read together, from next_ on
    ByteRange batch_;
    CueCollector cues_;
};

}  // namespace mezz::media
