// Frames of AC-3 and E-AC-3 in which nothing is heard.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "media/codec.hpp"

namespace mezz::media {

inline constexpr std::uint32_t kAc3FrameSamples = 1536;  ///< six blocks

/// A syncframe (ETSI TS 102 366 §4.3) without mantissas, of the stream's bit rate. The configuration is one
/// that is_ac3() is true of.
[[nodiscard]] std::vector<std::byte> silent_ac3(const Ac3Config& stream);

/// Bytes of it.
[[nodiscard]] std::uint32_t ac3_frame_bytes(const Ac3Config& stream) noexcept;

/// The configuration is that of frames with this syntax, and of a bit rate that there is.
[[nodiscard]] bool is_ac3(const Ac3Config& stream) noexcept;

/// A syncframe (§E.1.2) of the first independent substream without mantissas, as short as can be.
[[nodiscard]] std::vector<std::byte> silent_eac3(const Eac3Config& stream);

}  // namespace mezz::media
