// Frames in which nothing is heard, for any track that there are such for.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "media/file_index.hpp"

namespace mezz::media {

/// What such frames are; all of a track have the same bytes.
struct SilentForm {
    std::uint32_t samples = 0;     ///< of a frame
    std::uint32_t rate = 0;        ///< samples a second
    std::uint32_t most_bytes = 0;  ///< of a frame, at most
};

/// nullopt for pictures, and for sound that a decoder would not take them for: AAC other than LC and HE or
/// with frames of another length than 1024, MPEG audio with frames of another length than MP3's, AC-3 of a
/// bit rate that there is not, E-AC-3 of several substreams.
[[nodiscard]] std::optional<SilentForm> silent_form(const TrackView& track) noexcept;

/// The bytes of each; of a track that has a form.
[[nodiscard]] std::vector<std::byte> silent_frame(const TrackView& track);

}  // namespace mezz::media
