// The index of one media file: everything that is needed to package it without parsing it again. One flat,
// position-independent block of bytes that can lie in shared memory; references are offsets from its start.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>

#include "core/block_writer.hpp"
#include "core/bytes.hpp"
#include "core/language.hpp"
#include "media/codec.hpp"
#include "media/sample_position.hpp"
#include "media/track_about.hpp"

namespace mezz::media {

/// How the samples of a track are found.
enum class Layout : std::uint8_t {
    sample_tables,  ///< in moov's tables, which stay in the file; `positions` tells which slice to read
    fragments,      ///< in the moof boxes of a one-track file whose sidx gave the pieces: byte ranges
    scanned,        ///< in moof boxes that were found by reading them all; `fragment_positions` tells which
                    ///< of them, and `positions` of samples that moov's tables describe before
};

/// A piece of a track that can begin a segment: from one sync point to the next. Times and bytes of a piece
/// are found by summing from the PieceBlock before it.
struct Piece {
    std::uint32_t duration = 0;  ///< ticks
    std::uint32_t bytes = 0;     ///< of its samples; for Layout::fragments of the file
    std::uint32_t extra = 0;     ///< the builder's cost sum; for Layout::fragments bytes of moof and IDR
    std::uint32_t side = 0;      ///< the builder's second cost sum; not for Layout::fragments
};

/// Stands before each kPiecesPerBlock pieces.
struct PieceBlock {
    std::int64_t time = 0;    ///< presentation time of the first piece, ticks
    std::uint64_t bytes = 0;  ///< sum of all pieces before
};

inline constexpr std::uint32_t kPiecesPerBlock = 32;

/// Where a table's entries lie in the file.
struct TableRef {
    std::uint64_t offset = 0;
    std::uint32_t count = 0;
    std::uint32_t pad = 0;
};

struct TableRefs {
    TableRef time_to_sample, composition_offsets, sample_sizes, sample_to_chunk, chunk_offsets, sync_samples;
    TableFormat format;
};

/// A moof box.
struct MoofRef {
    std::uint64_t offset = 0;  ///< bytes from the start of the file
    std::uint32_t size = 0;    ///< bytes
    std::uint32_t pad = 0;
};

/// A track's sample by the moof box that describes it.
struct FragmentPosition {
    std::uint32_t moof = 0;    ///< index among the file's moof boxes
    std::uint32_t skip = 0;    ///< samples of the track before it in this moof
    std::uint32_t sample = 0;  ///< its number in the track, from 0
};

/// What the samples of the first fragment cost, to estimate the others by.
struct FirstFragment {
    std::uint32_t samples = 0;
    std::uint32_t bytes = 0;  ///< of the samples
    std::uint32_t cost = 0;
    std::uint32_t side = 0;
};

/// One track, as stored.
struct TrackRecord {
    TrackKind kind = TrackKind::video;
    Codec codec = Codec::h264;
    Layout layout = Layout::sample_tables;
    std::uint8_t nal_length_size = 4;
    std::uint32_t id = 0;
    std::uint32_t timescale = 0;
    std::array<char, 4> language{};
    TrackAbout about;
    bool enabled = false;  ///< tkhd: meant to be presented
    bool has_offsets =
        false;  ///< most pieces have composition offsets other than the priming; not for fragments
    bool all_forced = false;     ///< text: see TextFormat
    std::uint8_t text_face = 0;  ///< text: see TextFormat
    std::uint16_t width = 0, height = 0;
    std::uint32_t pixel_aspect_h = 1, pixel_aspect_v = 1;
    AudioFormat audio;
    Color color;
    std::array<std::byte, 36> matrix{};
    std::uint32_t default_duration = 0;   ///< ticks of a sample, 0 if they differ or are unknown
    std::uint32_t shortest_duration = 0;  ///< ticks of the shortest sample, 0 if unknown
    std::int32_t lowest_offset = 0;       ///< lowest composition offset, ticks, at most 0
    std::uint32_t trex_duration = 0, trex_size = 0, trex_flags = 0;  ///< what fragments leave out
    std::uint32_t description = 0;                                   ///< see MovieTrack::description
    std::uint64_t sample_count = 0;  ///< for Layout::fragments estimated from the first one
    std::int64_t edit_shift = 0;     ///< ticks to add to media time to get presentation time
    std::int64_t priming = 0;        ///< ticks of media that the edit list hides
    std::int64_t end = 0;            ///< presentation time of the end, ticks
    std::uint64_t bytes = 0;         ///< sum over the pieces
    std::uint64_t first_byte = 0;    ///< fragments: where the first one starts
    std::uint64_t init_bytes = 0;    ///< fragments: ftyp and moov, from the file's start, if contiguous
    FirstFragment first_fragment;    ///< Layout::fragments
    ArrayRef config;                 ///< see MovieTrack::config
    ArrayRef parameter_sets;         ///< Annex B, video
    ArrayRef side_boxes;             ///< see MovieTrack::side_boxes
    ArrayRef codec_string;
    ArrayRef pieces;
    ArrayRef blocks;
    /// Of the first sample of each piece that begins in moov's tables, and of their end. For
    /// Layout::sample_tables these are all; for Layout::scanned those of a file that has samples in both.
    ArrayRef positions;
    ArrayRef fragment_positions;  ///< scanned: of each piece's first sample and of the end
    ArrayRef open_pieces;    ///< uint32: pieces, rising, whose first picture begins an open group of pictures
    ArrayRef uneven_pieces;  ///< uint32: pieces, rising, with samples that do not last as long as those of
                             ///< most pieces; not for Layout::fragments
    ArrayRef key_sizes;      ///< uint32: bytes of each piece's first sample; video, not for Layout::fragments
    TableRefs tables;
};

struct FileIndexHeader {
    std::uint32_t version = 0;
    std::uint32_t size = 0;  ///< bytes of the whole block
    std::uint64_t file_size = 0;
    ArrayRef tracks;
    ArrayRef texts;                  ///< tracks of text; their pieces are but places to read samples from
    ArrayRef moofs;                  ///< where a track's layout is `scanned`
    ArrayRef default_sizes;          ///< DefaultSize, of all tracks of a fragmented file
    std::uint32_t broken_texts = 0;  ///< text tracks that are left out, as they break a rule
    std::uint32_t pad = 0;
};

static_assert(std::is_trivially_copyable_v<TrackRecord> && std::is_trivially_copyable_v<FileIndexHeader>);

/// Reads one track of an index. Cheap to copy; the block must outlive it.
class TrackView {
public:
    TrackView(const std::byte* base, const TrackRecord& record) noexcept : base_(base), record_(&record) {}

    [[nodiscard]] const TrackRecord& record() const noexcept { return *record_; }
    const TrackRecord* operator->() const noexcept { return record_; }

    [[nodiscard]] Bytes config() const noexcept { return array<std::byte>(record_->config); }
    [[nodiscard]] Bytes parameter_sets() const noexcept { return array<std::byte>(record_->parameter_sets); }
    [[nodiscard]] Bytes side_boxes() const noexcept { return array<std::byte>(record_->side_boxes); }
    [[nodiscard]] std::string_view codec_string() const noexcept {
        return as_text(array<std::byte>(record_->codec_string));
    }
    [[nodiscard]] std::span<const Piece> pieces() const noexcept { return array<Piece>(record_->pieces); }
    [[nodiscard]] std::span<const SamplePosition> positions() const noexcept {
        return array<SamplePosition>(record_->positions);
    }

    [[nodiscard]] std::span<const FragmentPosition> fragment_positions() const noexcept {
        return array<FragmentPosition>(record_->fragment_positions);
    }
    /// The moof boxes of the file.
    [[nodiscard]] std::span<const MoofRef> moofs() const noexcept {
        return array<MoofRef>(reinterpret_cast<const FileIndexHeader*>(base_)->moofs);
    }

    /// BCP 47, see canonical_language(); empty if unknown.
    [[nodiscard]] std::string language() const { return canonical_language(written_language()); }
    /// The same as it stands in the file: BCP 47, or three letters of ISO 639-2.
    [[nodiscard]] std::string_view written_language() const noexcept;

    /// What trex says of the sizes of all tracks' samples.
    [[nodiscard]] std::span<const DefaultSize> default_sizes() const noexcept {
        return array<DefaultSize>(reinterpret_cast<const FileIndexHeader*>(base_)->default_sizes);
    }
    /// Samples before the first one that a moof box describes; for Layout::scanned.
    [[nodiscard]] std::uint32_t table_samples() const noexcept { return record_->tables.format.sample_count; }
    /// Pictures after the first one of piece i may need pictures before it: players that begin here show
    /// them broken, or not at all.
    [[nodiscard]] bool is_open(std::uint32_t i) const noexcept {
        return std::ranges::binary_search(array<std::uint32_t>(record_->open_pieces), i);
    }

    /// The samples of pieces first to last (not included) differ in how long they last; not known for
    /// Layout::fragments, where it is false.
    [[nodiscard]] bool is_uneven(std::uint32_t first, std::uint32_t last) const noexcept {
        const auto uneven = array<std::uint32_t>(record_->uneven_pieces);
        const auto found = std::ranges::lower_bound(uneven, first);
        return found != uneven.end() && *found < last;
    }

    /// Pixels across when shown with square pixels, at most 65535.
    [[nodiscard]] std::uint16_t displayed_width() const noexcept;

    /// The display matrix turns the picture by a quarter (§8.3.2): across becomes upright.
    [[nodiscard]] bool is_turned() const noexcept;

    /// Bytes that tell how large the first picture of piece i < piece_count() is: of the sample itself or,
    /// for Layout::fragments, from the start of its moof to its end. 0 if that is not known, or for audio.
    [[nodiscard]] std::uint32_t key_bytes(std::uint32_t i) const noexcept;

    /// Samples before piece i, 0 ≤ i ≤ piece_count(); not known for Layout::fragments, where it is 0.
    [[nodiscard]] std::uint32_t samples_before(std::uint32_t i) const noexcept;

    [[nodiscard]] std::uint32_t piece_count() const noexcept { return record_->pieces.count; }

    /// Presentation time of piece i's start in ticks; the track's end for i = piece_count().
    [[nodiscard]] std::int64_t piece_time(std::uint32_t i) const noexcept;
    /// Bytes of all pieces before i, 0 ≤ i ≤ piece_count().
    [[nodiscard]] std::uint64_t bytes_before(std::uint32_t i) const noexcept;
    /// The piece whose start is nearest to `time` (ticks), piece_count() included as the end. O(log n).
    [[nodiscard]] std::uint32_t nearest_piece(std::int64_t time) const noexcept;

private:
    template <class T>
    [[nodiscard]] std::span<const T> array(ArrayRef ref) const noexcept {
        return {reinterpret_cast<const T*>(base_ + ref.offset), ref.count};
    }

    const std::byte* base_;
    const TrackRecord* record_;
};

/// Finds the pieces nearest to times that rise, going through the track once.
class PieceWalk {
public:
    explicit PieceWalk(const TrackView& track) noexcept : track_(track), time_(track.piece_time(0)) {}

    struct Found {
        std::uint32_t piece = 0;
        std::int64_t time = 0;  ///< its start, as piece_time() says it
    };
    /// What TrackView::nearest_piece() finds. `time` is not before that of the last call.
    [[nodiscard]] Found nearest(std::int64_t time) noexcept;

private:
    TrackView track_;
    std::uint32_t piece_ = 0;
    std::int64_t time_;  // of piece_
};

/// Reads an index block that build_index() made; the block is trusted and must be aligned to 8 bytes.
class FileIndexView {
public:
    explicit FileIndexView(Bytes block) noexcept : block_(block) {}

    [[nodiscard]] const FileIndexHeader& header() const noexcept {
        return *reinterpret_cast<const FileIndexHeader*>(block_.data());
    }
    [[nodiscard]] std::uint32_t track_count() const noexcept { return header().tracks.count; }
    [[nodiscard]] TrackView track(std::uint32_t i) const noexcept { return view(header().tracks, i); }
    [[nodiscard]] std::uint32_t text_count() const noexcept { return header().texts.count; }
    [[nodiscard]] TrackView text(std::uint32_t i) const noexcept { return view(header().texts, i); }

private:
    [[nodiscard]] TrackView view(ArrayRef tracks, std::uint32_t i) const noexcept {
        const auto* records = reinterpret_cast<const TrackRecord*>(block_.data() + tracks.offset);
        return {block_.data(), records[i]};
    }

    Bytes block_;
};

}  // namespace mezz::media
