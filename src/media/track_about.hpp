// What a track says of itself for people who choose among several.
#pragma once

#include <array>

#include "media/box.hpp"

namespace mezz::media {

/// What a track is for, of `kind` boxes (ISO/IEC 14496-12 §8.10.4) with roles of DASH (ISO/IEC 23009-1
/// §5.8.5.5) or kinds of HTML.
struct TrackRoles {
    bool main = false;
    bool forced = false;       ///< text that viewers who understand the sound need, too
    bool caption = false;      ///< text for the deaf and hard of hearing
    bool description = false;  ///< sound that tells what is to be seen
    bool commentary = false;
};

/// Texts end with NUL and are empty if the track does not say.
struct TrackAbout {
    std::array<char, 16> language{};  ///< BCP 47, of elng (§8.4.6)
    std::array<char, 64> label{};  ///< of `name` in udta or of hdlr, unless the writing program put it there
    TrackRoles roles;
};

/// Reads a `trak` box and the `mdia` in it. What is broken is passed over.
[[nodiscard]] TrackAbout read_track_about(const Box& trak, const Box& mdia);

}  // namespace mezz::media
