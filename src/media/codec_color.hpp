// How numbers become colours (ISO/IEC 23091-2), as colr boxes and video streams say it.
#pragma once

#include <cstdint>
#include <string_view>

namespace mezz::media {

/// Names as in RFC 8216bis §4.4.6.2, VIDEO-RANGE.
enum class VideoRange : std::uint8_t { sdr, hlg, pq };

[[nodiscard]] constexpr std::string_view to_text(VideoRange range) noexcept {
    return range == VideoRange::pq ? "PQ" : range == VideoRange::hlg ? "HLG" : "SDR";
}

inline constexpr std::uint16_t kColorUnspecified = 2;

struct Color {
    std::uint16_t primaries = kColorUnspecified;
    std::uint16_t transfer = kColorUnspecified;
    std::uint16_t matrix = kColorUnspecified;
    std::uint8_t range = 0;  ///< as in colr: 0x80 if it is full
    bool boxed = false;      ///< the file has a colr box, and a header made for it gets one

    [[nodiscard]] constexpr bool specified() const noexcept { return transfer != kColorUnspecified; }

    [[nodiscard]] constexpr VideoRange video_range() const noexcept {
        constexpr std::uint16_t kSmpte2084 = 16;
        constexpr std::uint16_t kAribStdB67 = 18;
        if (transfer == kSmpte2084) return VideoRange::pq;
        return transfer == kAribStdB67 ? VideoRange::hlg : VideoRange::sdr;
    }
};

}  // namespace mezz::media
