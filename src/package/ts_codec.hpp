// How codecs are carried in a transport stream.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "media/codec.hpp"
#include "package/ts_plan.hpp"

namespace mezz::package {

struct TsCodec {
    media::Codec codec = media::Codec::h264;
    std::uint8_t stream_type = 0;     ///< of the PMT
    std::uint8_t stream_id = 0;       ///< of PES headers
    std::uint32_t frame_header = 0;   ///< bytes put before each audio frame
    std::uint32_t largest_frame = 0;  ///< of audio, bytes without that header
    std::string_view
        registration{};  ///< format_identifier of a registration descriptor, four letters or empty
};

/// How a codec is carried, nullptr if it is not: there is no agreed form, or hardly a player knows it.
[[nodiscard]] const TsCodec* ts_codec(media::Codec codec) noexcept;

/// The stream type: that of MP3 depends on its sampling rate in Hz. The codec must be one that is carried.
[[nodiscard]] std::uint8_t ts_stream_type(media::Codec codec, std::uint32_t sample_rate) noexcept;

/// HEVC, or else H.264.
[[nodiscard]] TsVideoTrack::Codec ts_video_codec(media::Codec codec) noexcept;

}  // namespace mezz::package
