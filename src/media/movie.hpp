// What `moov` says about the tracks of a file (ISO/IEC 14496-12 §8), before any sample is looked at.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "core/bytes.hpp"
#include "core/error.hpp"
#include "media/box.hpp"
#include "media/codec.hpp"
#include "media/sample_position.hpp"
#include "media/track_about.hpp"

namespace mezz::media {

/// One table of a sample table box: its entries are in memory and at `offset` in the file.
struct Table {
    Bytes entries;
    std::uint64_t offset = 0;
    std::uint32_t count = 0;
};

/// The sample table of one track (§8.6, §8.7). Spans point into the moov that was parsed.
struct SampleTables {
    Table time_to_sample;       ///< stts: {count, delta}, 8 bytes each
    Table composition_offsets;  ///< ctts: {count, offset}, 8 bytes each; may be empty
    Table sample_sizes;         ///< stsz or stz2; empty if all have one size
    Table sample_to_chunk;      ///< stsc: {first chunk, samples, description}, 12 bytes each
    Table chunk_offsets;        ///< stco or co64
    Table sync_samples;         ///< stss: 4 bytes each
    TableFormat format;
};

/// How text is shown where its samples say nothing of it.
struct TextFormat {
    std::uint8_t face = 0;    ///< of tx3g: 1 bold, 2 italic, 4 underlined
    bool all_forced = false;  ///< each cue is for viewers who understand the sound, too
};

/// A track that can be packaged.
struct MovieTrack {
    std::uint32_t id = 0;
    TrackKind kind = TrackKind::video;
    Codec codec = Codec::h264;
    std::uint32_t timescale = 0;     ///< ticks a second
    std::array<char, 4> language{};  ///< ISO 639-2/T and a NUL; "und" if unknown
    bool enabled = false;            ///< tkhd: meant to be presented
    TrackAbout about;
    TextFormat text;
    std::int64_t edit_shift = 0;  ///< ticks to add to media time to get presentation time
    bool has_edit_list = false;
    std::array<std::byte, 36> matrix{};  ///< of tkhd, as stored
    std::uint16_t width = 0;             ///< coded pixels
    std::uint16_t height = 0;
    std::uint32_t pixel_aspect_h = 1;  ///< pasp
    std::uint32_t pixel_aspect_v = 1;
    Bytes config;                       ///< payload of the configuration box; of esds the DecoderSpecificInfo
    CodecDetails details;               ///< what it says; its color is that of the pictures, or else of colr
    bool relabelled = false;            ///< the sample entry of the file is not the one of CodecForm
    std::vector<std::byte> side_boxes;  ///< whole boxes of the sample entry that describe HDR
    SampleTables tables;
    std::uint32_t default_duration = 0;  ///< trex: ticks
    std::uint32_t default_size = 0;      ///< trex: bytes
    std::uint32_t default_flags = 0;     ///< trex: sample flags
    std::uint32_t description = 0;  ///< of stsd, from 1, that all samples must have; 0: they are all equal
};

struct Movie {
    std::uint64_t offset = 0;  ///< of moov in the file, bytes
    std::uint32_t timescale = 0;
    bool fragmented = false;                 ///< mvex is present
    std::uint32_t track_count = 0;           ///< of the file, with those that cannot be packaged
    std::vector<MovieTrack> tracks;          ///< video and audio
    std::vector<MovieTrack> texts;           ///< at most 32; no chapters
    std::uint32_t broken_texts = 0;          ///< text tracks that are left out, as they break a rule
    std::vector<DefaultSize> default_sizes;  ///< of all tracks that trex speaks of
};

/// Parses a whole `moov` box at `offset` in the file; `payload` follows its header of `header_size` bytes and
/// must outlive the result. Tracks of other kinds and codecs are left out, and text tracks that are broken.
/// Fails with bad_media on a broken box, with unsupported if it is compressed, a track's data lies in another
/// file or its samples have several descriptions.
[[nodiscard]] Result<Movie> parse_movie(Bytes payload, std::uint64_t offset, std::uint32_t header_size);

/// Parses the tables of `stbl`; spans point into the box.
[[nodiscard]] Result<SampleTables> parse_sample_tables(const Box& stbl);

}  // namespace mezz::media
