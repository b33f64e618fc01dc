// A position in the sample tables of a track: from here any table can be read on without its beginning.
#pragma once

#include <cstdint>

namespace mezz::media {

/// The next sample to read, and where each table (ISO/IEC 14496-12 §8.6, §8.7) stands at it.
struct SamplePosition {
    std::int64_t dts = 0;           ///< media time, edit list not applied
    std::uint64_t chunk_bytes = 0;  ///< bytes of the chunk's samples before this one
    std::uint32_t sample = 0;       ///< from 0
    std::uint32_t stts_entry = 0;
    std::uint32_t stts_used = 0;  ///< samples of the entry that are past
    std::uint32_t ctts_entry = 0;
    std::uint32_t ctts_used = 0;
    std::uint32_t stsc_entry = 0;
    std::uint32_t chunk = 0;  ///< from 0
    std::uint32_t chunk_sample = 0;
    std::uint32_t stss_entry = 0;
    std::uint32_t pad = 0;
};

/// What the tables of a track have in common over all samples.
struct TableFormat {
    std::uint32_t sample_count = 0;
    std::uint32_t constant_size = 0;     ///< bytes, 0 if sizes differ
    std::uint8_t size_bits = 32;         ///< of an entry of stsz or stz2
    std::uint8_t chunk_offset_size = 4;  ///< bytes
    bool all_sync = true;
    std::uint8_t pad = 0;
};

/// What trex says of the sizes of a track's samples (§8.8.3), whether or not the track is packaged.
struct DefaultSize {
    std::uint32_t track_id = 0;
    std::uint32_t bytes = 0;
};

}  // namespace mezz::media
