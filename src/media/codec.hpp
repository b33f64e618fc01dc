// Codec configuration: what a decoder is told before the first frame, and its RFC 6381 name.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/bytes.hpp"
#include "core/error.hpp"

namespace mezz::media {

enum class TrackKind : std::uint8_t { video, audio };
enum class Codec : std::uint8_t { h264, aac };

/// AVCDecoderConfigurationRecord (ISO/IEC 14496-15 §5.3.3.1).
struct AvcConfig {
    std::uint8_t profile = 0;
    std::uint8_t compatibility = 0;
    std::uint8_t level = 0;
    std::uint8_t nal_length_size = 4;
    std::vector<std::byte> parameter_sets;  ///< Annex B: each SPS, then each PPS, behind a 4-byte start code
};

/// How many pictures may be decoded before one that is shown earlier, as the first SPS of an Annex B text
/// says (max_num_reorder_frames, ITU-T H.264 §E.2.1); nullopt if it does not say.
[[nodiscard]] std::optional<std::uint32_t> reordered_pictures(Bytes parameter_sets);

/// Parses the payload of `avcC`. Fails with bad_media if a count exceeds the box or no SPS or PPS is there.
[[nodiscard]] Result<AvcConfig> parse_avc_config(Bytes avcc);

/// "avc1.PPCCLL" (RFC 6381 §3.3).
[[nodiscard]] std::string codec_string(const AvcConfig& config);

/// AudioSpecificConfig (ISO/IEC 14496-3 §1.6.2.1), the parts that ADTS and playlists need.
struct AacConfig {
    std::uint8_t object_type = 2;            ///< of the core layer, 2 = AAC-LC
    std::uint8_t signalled_type = 2;         ///< what players are told: 5 = SBR, 29 = PS
    std::uint8_t frequency_index = 0;        ///< 0…12
    std::uint32_t sample_rate = 0;           ///< Hz, of the core layer
    std::uint8_t channel_configuration = 0;  ///< 1…7
    std::uint8_t channels = 0;
};

/// Parses an AudioSpecificConfig. Fails with unsupported for what ADTS cannot express (an explicit rate that
/// is not in the table, channels described in-band), with bad_media if it is cut off.
[[nodiscard]] Result<AacConfig> parse_aac_config(Bytes specific_config);

/// "mp4a.40.N" (RFC 6381 §3.3).
[[nodiscard]] std::string codec_string(const AacConfig& config);

/// Finds the AudioSpecificConfig in the payload of `esds` (ISO/IEC 14496-14 §5.6, 14496-1 §7.2.6). Fails with
/// unsupported if the object type is not MPEG-4 or MPEG-2 AAC.
[[nodiscard]] Result<Bytes> audio_specific_config(Bytes esds);

}  // namespace mezz::media
