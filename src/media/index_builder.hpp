// Makes the index of a file from its moov, and its sidx and ssix if it is fragmented.
#pragma once

#include <cstdint>
#include <vector>

#include "core/error.hpp"
#include "media/file_index.hpp"
#include "media/fragment.hpp"
#include "media/movie.hpp"
#include "media/sample_source.hpp"
#include "media/segment_index.hpp"

namespace mezz::media {

/// What a piece costs, in units of the caller's choice; becomes Piece::extra and Piece::side.
struct Cost {
    std::uint32_t main = 0;
    std::uint32_t side = 0;
};

/// Counts what the samples of a piece cost.
class PieceCost {
public:
    PieceCost() = default;
    PieceCost(const PieceCost&) = delete;
    PieceCost& operator=(const PieceCost&) = delete;
    virtual ~PieceCost() = default;

    /// A new piece of the track begins.
    virtual void begin(const MovieTrack& track) = 0;
    virtual void add(const Sample& sample) = 0;
    /// Of the samples since begin().
    [[nodiscard]] virtual Cost total() const = 0;
};

/// Version of the block's layout; an index of another version is not read.
inline constexpr std::uint32_t kFileIndexVersion = 5;

/// Index of a file whose samples are described by moov. Reads each sample table once. Tracks without samples
/// are left out, and text tracks that are broken. Fails with bad_media if the tables contradict each other or
/// the file's size, with unsupported if no track can be packaged.
[[nodiscard]] Result<std::vector<std::byte>> build_index(const Movie& movie, std::uint64_t file_size,
                                                         PieceCost& cost);

/// What all moof boxes of a file say.
struct ScannedFile {
    std::vector<MoofRef> moofs;
    std::vector<ScannedTrack> tracks;  ///< as many as movie.tracks
    std::vector<ScannedTrack> texts;   ///< as many as movie.texts; without samples if they are broken
};

/// Index of a file whose samples are described by moof boxes, however they are cut, and before these perhaps
/// by moov. Fails like the other.
[[nodiscard]] Result<std::vector<std::byte>> build_index(const Movie& movie, const ScannedFile& file,
                                                         std::uint64_t file_size, PieceCost& cost);

/// What a fragmented file says outside of moov, if sidx tells its pieces.
struct FragmentedFile {
    SegmentIndex index;
    std::vector<Sample> first_fragment;  ///< tells the usual sample duration
    std::uint64_t init_bytes = 0;        ///< see TrackRecord::init_bytes
};

/// Index of a file with one track in fragments that sidx lists. Fails with unsupported if it has several.
[[nodiscard]] Result<std::vector<std::byte>> build_index(const Movie& movie, const FragmentedFile& file,
                                                         std::uint64_t file_size, PieceCost& cost);

}  // namespace mezz::media
