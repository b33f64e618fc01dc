// Reads a finished rendition exactly as the nginx module will.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "failure.hpp"

namespace mezz::worker {

struct RenditionFacts {
    bool video = false;
    std::string codecs;             ///< RFC 6381
    std::uint64_t duration_ms = 0;  ///< presentation time of the end
    std::uint64_t average_bps = 0;  ///< of the whole track
    std::uint64_t peak_bps = 0;     ///< of its most expensive fragment, 2 s or so
    std::uint32_t timescale = 0;
    std::vector<std::int64_t> starts;  ///< presentation time of each fragment, ticks
};

/// The file's index, see media/file_index.hpp. Fails with kind internal.
[[nodiscard]] Outcome<std::vector<std::byte>> index_mezzanine(int fd);

/// Indexes the file. Fails with kind internal unless it is one track in fragments that sidx lists to the end
/// of the file and ssix describes.
[[nodiscard]] Outcome<RenditionFacts> check_mezzanine(int fd);

/// True if fragments of two renditions start at the same times.
[[nodiscard]] bool are_aligned(const RenditionFacts& a, const RenditionFacts& b) noexcept;

}  // namespace mezz::worker
