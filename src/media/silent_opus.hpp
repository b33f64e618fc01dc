// A packet of Opus in which nothing is heard.
#pragma once

#include <cstddef>
#include <vector>

namespace mezz::media {

inline constexpr unsigned kOpusRate = 48000;       ///< samples a second, whatever went into the encoder
inline constexpr unsigned kSilentOpusFrame = 960;  ///< samples
inline constexpr unsigned kSilentOpusStream = 4;   ///< bytes of a stream in a packet, at most

/// A packet of 20 ms: of so many streams, of which the first `coupled` ≤ `streams` are of two channels and
/// the others of one (RFC 7845 §5.1.1).
[[nodiscard]] std::vector<std::byte> silent_opus(unsigned streams, unsigned coupled);

}  // namespace mezz::media
