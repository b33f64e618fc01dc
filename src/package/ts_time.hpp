// Times of a transport stream: a 90 kHz clock that starts at 10 s, so that decoding times before 0 fit.
#pragma once

#include <algorithm>
#include <cstdint>

#include "core/rescale.hpp"
#include "media/codec.hpp"
#include "media/sample.hpp"

namespace mezz::package {

inline constexpr std::uint32_t kTsClock = 90000;
inline constexpr std::int64_t kTsBaseTime = 10 * std::int64_t{kTsClock};
/// How long before its decoding time a picture's clock reference says that it arrives.
inline constexpr std::int64_t kTsPcrDelay = 7 * std::int64_t{kTsClock} / 10;
/// Clock references are never further apart (RFC 8216 has no rule; ISO/IEC 13818-1, 2.7.2).
inline constexpr std::int64_t kTsPcrInterval = kTsClock / 10;
/// Distance of the clock references that fill a longer gap.
inline constexpr std::int64_t kTsPcrStep = 8100;
/// PTS, DTS and PCR base have 33 bits.
inline constexpr std::uint64_t kTsTimeMask = (std::uint64_t{1} << 33) - 1;

/// Ticks of a track as 90 kHz ticks of the segment, not yet modulo 2^33. Far beyond any title the result is
/// clamped, so that sums and differences of two cannot overflow. `timescale` must not be 0.
[[nodiscard]] constexpr std::int64_t ts_time(std::int64_t ticks, std::uint32_t timescale) noexcept {
    constexpr std::int64_t kLimit = std::int64_t{1} << 60;
    return kTsBaseTime + std::clamp(rescale(ticks, kTsClock, timescale), -kLimit, kLimit);
}

/// Decoding time of a sample.
[[nodiscard]] constexpr std::int64_t ts_decoding_time(const media::Sample& sample,
                                                      std::uint32_t timescale) noexcept {
    return ts_time(sample.dts, timescale);
}

/// A sum of ticks, clamped to 64 bits.
[[nodiscard]] constexpr std::int64_t ts_add_ticks(std::int64_t ticks, std::int64_t more) noexcept {
    std::int64_t sum = 0;
    if (!__builtin_add_overflow(ticks, more, &sum)) return sum;
    return more < 0 ? INT64_MIN : INT64_MAX;
}

/// Presentation time of a sample.
[[nodiscard]] constexpr std::int64_t ts_presentation_time(const media::Sample& sample,
                                                          std::uint32_t timescale) noexcept {
    return ts_time(ts_add_ticks(sample.dts, sample.composition_offset), timescale);
}

/// Whether a sample lies before the title's beginning: audio that an encoder needs before what is heard.
/// Beside video it gets a PES packet of its own without a time stamp: it has no time at which it is
/// presented, and players would else take the title to begin with it, before the first picture. Of AAC, whose
/// frames blend into each other, all that begins before; of other codecs, whose delay may be a small part of
/// a frame, only what also ends before.
[[nodiscard]] constexpr bool is_priming(const media::Sample& sample, media::Codec codec) noexcept {
    const std::int64_t begin = ts_add_ticks(sample.dts, sample.composition_offset);
    if (codec == media::Codec::aac) return begin < 0;
    return ts_add_ticks(begin, sample.duration) <= 0;
}

/// Time at which a sample ends, in decoding order.
[[nodiscard]] constexpr std::int64_t ts_end_time(const media::Sample& sample,
                                                 std::uint32_t timescale) noexcept {
    return ts_time(ts_add_ticks(sample.dts, sample.duration), timescale);
}

}  // namespace mezz::package
