// Lays tracks out as one index block. Internal to the index builders.
#pragma once

#include <vector>

#include "media/file_index.hpp"
#include "media/movie.hpp"

namespace mezz::media {

/// A track while its index is being built.
struct TrackDraft {
    TrackRecord record;
    std::vector<Piece> pieces;
    std::vector<PieceBlock> blocks;
    std::vector<SamplePosition> positions;
    std::vector<FragmentPosition> fragment_positions;
    std::vector<std::uint32_t> open_pieces;
    std::vector<std::uint32_t> uneven_pieces;
    std::vector<std::uint32_t> key_sizes;
    Bytes config;  // of moov
    // Copies: those of a MovieTrack end with it.
    std::vector<std::byte> parameter_sets;
    std::vector<std::byte> side_boxes;
    std::string codec_string;
};

/// Copies what moov says about the track; config keeps pointing into moov.
[[nodiscard]] TrackDraft draft_track(const MovieTrack& track);

/// Adds a piece that begins at `time`, and its block where one is due. Pieces come in order of time.
void append_piece(TrackDraft& draft, std::int64_t time, const Piece& piece);

/// The text tracks of a file.
struct TextDrafts {
    std::vector<TrackDraft> tracks;
    std::uint32_t broken = 0;  ///< that are left out
};

/// Writes the block. Fails with too_large over 4 GiB.
[[nodiscard]] Result<std::vector<std::byte>> write_index(std::vector<TrackDraft>& drafts,
                                                         std::uint64_t file_size,
                                                         std::span<const MoofRef> moofs = {},
                                                         std::span<const DefaultSize> sizes = {},
                                                         TextDrafts texts = {});

}  // namespace mezz::media
