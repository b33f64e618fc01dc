// A frame of FLAC in which nothing is heard.
#pragma once

#include <cstddef>
#include <vector>

#include "media/codec.hpp"

namespace mezz::media {

/// A frame (RFC 9639 §9) of `max_block` samples that are all 0. Its number is 0, as is that of each stream's
/// first frame: decoders count what they are given.
[[nodiscard]] std::vector<std::byte> silent_flac(const FlacStreamInfo& stream);

}  // namespace mezz::media
