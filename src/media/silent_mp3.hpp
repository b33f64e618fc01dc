// A frame of MP3 in which nothing is heard.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace mezz::media {

/// Samples of a frame at a rate in Hz: MPEG-2's low rates have half as many (ISO/IEC 13818-3 §2.4.2.1).
[[nodiscard]] constexpr std::uint32_t mp3_frame_samples(std::uint32_t sample_rate) noexcept {
    return sample_rate < 32000 ? 576 : 1152;
}

/// A frame of layer III (ISO/IEC 11172-3 §2.4.1, 13818-3 §2.4.1) without main data, of the lowest bit rate.
/// The rate is one that describe_mp3() takes, and so is the count of channels.
[[nodiscard]] std::vector<std::byte> silent_mp3(std::uint32_t sample_rate, unsigned channels);

}  // namespace mezz::media
