// Reads the samples of some pieces of a track from its file. Never reads itself: it says which bytes it
// needs.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "core/byte_range.hpp"
#include "core/error.hpp"
#include "media/file_index.hpp"
#include "media/fragment.hpp"
#include "media/sample.hpp"

namespace mezz::media {

/// Usage: while (auto need = reader.need()) { read it; reader.feed(bytes); } then take_samples(). The index
/// that the track belongs to must outlive the reader.
class SampleReader {
public:
    /// Pieces first ≤ i < last of the track, in a file of `file_size` bytes.
    SampleReader(TrackView track, std::uint64_t file_size, std::uint32_t first, std::uint32_t last);

    /// The bytes that the next feed() must be given; nullopt when all samples are known.
    [[nodiscard]] std::optional<ByteRange> need() const noexcept;

    /// Takes exactly the bytes of need(); they are not referred to afterwards.
    [[nodiscard]] Result<void> feed(Bytes bytes);

    /// In decoding order. Call once, when need() is nullopt.
    [[nodiscard]] std::vector<Sample> take_samples() noexcept { return std::move(samples_); }

private:
    static constexpr std::size_t kTables = 6;

    void plan_tables(const SamplePosition& from, const SamplePosition& to);
    [[nodiscard]] Result<void> feed_table(Bytes bytes);
    [[nodiscard]] Result<void> read_tables();
    [[nodiscard]] Result<void> feed_fragments(Bytes bytes);
    [[nodiscard]] Result<void> feed_moof(Bytes bytes);
    [[nodiscard]] Result<void> read_moof(const Box& moof);
    [[nodiscard]] FragmentDefaults defaults() const noexcept;
    void plan_scanned();
    void skip_empty_tables() noexcept;

    TrackView track_;
    std::uint64_t file_size_;
    std::uint32_t first_;
    std::uint32_t last_;
    std::vector<Sample> samples_;
    bool done_ = false;

    // What moov describes: which slices, and their bytes one after the other
    SamplePosition begin_;
    std::uint32_t table_count_ = 0;  // samples
    std::array<ByteRange, kTables> ranges_{};
    std::array<std::uint32_t, kTables> first_entries_{};
    std::size_t table_ = kTables;  // the next to be read
    std::vector<std::byte> slices_;

    // Layout::fragments
    ByteRange fragments_;  // what has not been looked at
    std::uint64_t moof_size_ = 0;

    // Layout::scanned: moofs that have not been read, and what of their samples is wanted
    std::size_t next_moof_ = 0;
    std::size_t end_moof_ = 0;
    std::uint32_t skip_ = 0;
    std::uint32_t moof_count_ = 0;  // samples
};

}  // namespace mezz::media
