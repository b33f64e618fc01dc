// Finds what an index is made of in a file, and makes it. Never reads: it says which bytes it needs.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "core/byte_range.hpp"
#include "core/error.hpp"
#include "media/box.hpp"
#include "media/index_builder.hpp"
#include "media/set_collector.hpp"

namespace mezz::media {

/// Usage: while (auto need = scanner.need()) { read it; scanner.feed(bytes); } then take_index().
class FileScanner {
public:
    /// `max_moov` bounds the memory for boxes, in bytes. `cost` outlives the scanner.
    FileScanner(std::uint64_t file_size, std::uint64_t max_moov, PieceCost& cost) noexcept
        : file_size_(file_size), max_moov_(max_moov), cost_(cost) {}

    /// The bytes that the next feed() must be given, all within the file; nullopt when all were found.
    [[nodiscard]] std::optional<ByteRange> need() const noexcept;

    /// Takes exactly the bytes of need(). Fails with bad_media, unsupported or too_large.
    [[nodiscard]] Result<void> feed(Bytes bytes);

    /// Builds the index, once need() is nullopt. This is the part that costs CPU time.
    [[nodiscard]] Result<std::vector<std::byte>> take_index();

private:
    enum class Goal : std::uint8_t { header, body };

    [[nodiscard]] Result<void> take_box(const BoxHeader& header, Bytes payload);
    [[nodiscard]] Result<void> take_moov(const BoxHeader& header, Bytes payload);
    [[nodiscard]] Result<void> take_sidx(const Box& sidx);
    [[nodiscard]] Result<void> take_moof(const Box& moof, std::uint64_t size);
    [[nodiscard]] Result<void> scan_moof(const Box& moof, std::uint64_t size);
    [[nodiscard]] Result<void> finish();
    [[nodiscard]] Result<void> end_boxes();
    [[nodiscard]] bool wanted(FourCc type) const noexcept;

    std::uint64_t file_size_;
    std::uint64_t max_moov_;
    PieceCost& cost_;
    std::uint64_t position_ = 0;     // of the next box
    std::uint64_t body_length_ = 0;  // goal body: bytes of the whole box
    std::uint64_t init_end_ = 0;     // end of moov
    std::uint32_t boxes_ = 0;
    Goal goal_ = Goal::header;
    bool done_ = false;
    bool media_before_moov_ = false;
    bool is_cmaf_ = false;  // by its brands
    std::vector<std::byte> moov_;
    std::optional<Movie> movie_;
    std::optional<FragmentedFile> fragmented_;
    ScannedFile scanned_;
    SetCollector sets_;  // once done_
};

}  // namespace mezz::media
