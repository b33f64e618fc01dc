// Finds what sample entries do not tell: parameter sets that are only in the pictures, and how many channels
// MP3 has, for which many writers say two. Never reads: it says which bytes it needs.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "core/byte_range.hpp"
#include "core/error.hpp"
#include "media/movie.hpp"
#include "media/sample_source.hpp"

namespace mezz::media {

/// Usage: plan(), then as FileScanner until need() is nullopt. The tracks' configuration is then complete;
/// it lives as long as this does.
class SetCollector {
public:
    /// Chooses what is to be read: the beginnings of the first key frame and of some others, at most 16 of a
    /// track; the header of the first frame of MP3. Of those of `scanned` there are as many as tracks, or
    /// none. Fails with bad_media if the sample tables are broken.
    [[nodiscard]] Result<void> plan(std::span<const MovieTrack> tracks, std::span<const ScannedTrack> scanned,
                                    std::uint64_t file_size);

    /// The same for a file of one track with parameter sets, of which only the first samples are known.
    void plan(const MovieTrack& track, std::span<const Sample> first);

    /// The bytes that the next feed() must be given; nullopt when all were found.
    [[nodiscard]] std::optional<ByteRange> need() const noexcept;

    /// Takes exactly the bytes of need(), and completes the track that they are of. Where later sets differ
    /// from the first, it is named avc3 or hev1: decoders must take them from the pictures. Fails with
    /// bad_media if the first key frame has none, with unsupported if they are of a form that is not
    /// packaged.
    [[nodiscard]] Result<void> feed(Bytes bytes, std::span<MovieTrack> tracks);

private:
    [[nodiscard]] Result<void> plan_pictures(std::size_t i, const MovieTrack& track,
                                             const ScannedTrack& scanned, std::uint64_t file_size);

    struct Beginning {
        std::size_t track = 0;
        ByteRange bytes;
        bool is_first = false;  ///< of its track
    };

    std::vector<Beginning> beginnings_;
    std::size_t next_ = 0;
    std::vector<std::vector<std::byte>> configs_;  // what MovieTrack::config of completed tracks refers to
};

/// A track of them has no parameter sets in its sample entry.
[[nodiscard]] bool lacks_parameter_sets(std::span<const MovieTrack> tracks) noexcept;

}  // namespace mezz::media
