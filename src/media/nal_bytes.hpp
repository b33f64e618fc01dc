// What the parameter sets of H.264 and HEVC have in common. Internal to their readers.
#pragma once

#include <vector>

#include "core/bit_reader.hpp"
#include "core/bytes.hpp"
#include "media/codec_color.hpp"

namespace mezz::media {

/// Removes the emulation prevention bytes of a NAL unit (ITU-T H.264 §7.4.1, H.265 §7.4.2).
[[nodiscard]] std::vector<std::byte> unescape_nal(Bytes nal);

/// Reads the beginning of the VUI, up to its colour description (ITU-T H.264 §E.1.1, H.265 §E.2.1).
[[nodiscard]] Color read_vui_color(BitReader& in) noexcept;

}  // namespace mezz::media
