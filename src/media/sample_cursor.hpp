// Steps through the samples of a track, from slices of its sample tables.
#pragma once

#include <cstdint>

#include "core/bytes.hpp"
#include "core/error.hpp"
#include "media/sample.hpp"
#include "media/sample_position.hpp"

namespace mezz::media {

/// Consecutive entries of one table, of which `first` is the first one's number.
struct TableSlice {
    Bytes entries;
    std::uint32_t first = 0;
};

struct TableSlices {
    TableSlice time_to_sample, composition_offsets, sample_sizes, sample_to_chunk, chunk_offsets,
        sync_samples;
};

/// Does not own the slices. Reading past a slice is an error, never undefined: untrusted counts are checked
/// against the bytes that are there.
class SampleCursor {
public:
    /// `shift` is added to media times (ticks); samples must lie within `file_size` bytes.
    SampleCursor(const TableFormat& format, const TableSlices& slices, const SamplePosition& start,
                 std::int64_t shift, std::uint64_t file_size) noexcept
        : format_(format), slices_(slices), at_(start), shift_(shift), file_size_(file_size) {}

    [[nodiscard]] bool at_end() const noexcept { return at_.sample >= format_.sample_count; }
    /// Of the sample that next() will return.
    [[nodiscard]] const SamplePosition& position() const noexcept { return at_; }

    /// The next sample; must not be called at_end(). Fails with bad_media if the tables disagree or a sample
    /// lies outside the file.
    [[nodiscard]] Result<Sample> next();

private:
    bool read_time(Sample& out) noexcept;
    void read_composition_offset(Sample& out) noexcept;
    bool read_size(Sample& out) noexcept;
    bool read_offset(Sample& out) noexcept;
    bool find_chunk() noexcept;
    bool enter_next_chunk() noexcept;
    void read_sync(Sample& out) noexcept;

    TableFormat format_;
    TableSlices slices_;
    SamplePosition at_;
    std::int64_t shift_;
    std::uint64_t file_size_;
    std::uint64_t chunk_start_ = 0;    // of the chunk that at_ is in,
    std::uint32_t chunk_samples_ = 0;  // once find_chunk() has found it
};

}  // namespace mezz::media
