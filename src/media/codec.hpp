// Codec configuration: what a decoder is told before the first frame, and its RFC 6381 name.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/bytes.hpp"
#include "core/error.hpp"
#include "media/box.hpp"
#include "media/codec_color.hpp"

namespace mezz::media {

enum class TrackKind : std::uint8_t { video, audio, text };
enum class Codec : std::uint8_t { h264, hevc, av1, vp9, aac, mp3, ac3, eac3, opus, flac, tx3g, wvtt };

/// How a codec is stored in a track file.
struct CodecForm {
    TrackKind kind = TrackKind::video;
    FourCc entry = 0;       ///< the sample entry
    FourCc config_box = 0;  ///< the box in it that is the configuration; esds holds it in a descriptor
    std::string_view name;  ///< for people, lower case
};

[[nodiscard]] const CodecForm& form_of(Codec codec) noexcept;

/// AVCDecoderConfigurationRecord (ISO/IEC 14496-15 §5.3.3.1).
struct AvcConfig {
    std::uint8_t profile = 0;
    std::uint8_t compatibility = 0;
    std::uint8_t level = 0;
    std::uint8_t nal_length_size = 4;
    std::vector<std::byte> parameter_sets;  ///< Annex B: each SPS, then each PPS, behind a 4-byte start code
    bool sets_in_pictures = false;          ///< there is no SPS, or no PPS
};

/// How many pictures may be decoded before one that is shown earlier, as the first SPS of an Annex B text
/// says (max_num_reorder_frames, ITU-T H.264 §E.2.1); nullopt if it does not say.
[[nodiscard]] std::optional<std::uint32_t> reordered_pictures(Bytes parameter_sets);

/// What the first SPS of such a text says of colours, unspecified if nothing.
[[nodiscard]] Color avc_color(Bytes parameter_sets);

/// Parses the payload of `avcC`. Fails with bad_media if a count exceeds the box.
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
    std::uint8_t channels = 0;               ///< of the core layer
    std::uint32_t output_rate = 0;           ///< Hz, of what is heard: with SBR, usually twice the core's
    std::uint8_t output_channels = 0;        ///< of what is heard: with PS, 2 from one
};

/// Parses an AudioSpecificConfig, with SBR and PS signalled before the core's description or behind it. Fails
/// with unsupported for what ADTS cannot express (an explicit rate that is not in the table, channels
/// described in-band), with bad_media if it is cut off.
[[nodiscard]] Result<AacConfig> parse_aac_config(Bytes specific_config);

/// "mp4a.40.N" (RFC 6381 §3.3).
[[nodiscard]] std::string codec_string(const AacConfig& config);

/// What `esds` says (ISO/IEC 14496-14 §5.6, 14496-1 §7.2.6).
struct ElementaryStream {
    std::uint8_t object_type = 0;  ///< objectTypeIndication
    Bytes specific;                ///< DecoderSpecificInfo, empty if there is none
};

/// Parses the payload of `esds`. Fails with bad_media if a descriptor exceeds it.
[[nodiscard]] Result<ElementaryStream> parse_esds(Bytes esds);

[[nodiscard]] bool is_aac(const ElementaryStream& stream) noexcept;         ///< MPEG-4 or MPEG-2 AAC
[[nodiscard]] bool is_mpeg_audio(const ElementaryStream& stream) noexcept;  ///< MPEG-1 or MPEG-2, any layer

/// Finds the AudioSpecificConfig in the payload of `esds`. Fails with unsupported if the object type is not
/// MPEG-4 or MPEG-2 AAC.
[[nodiscard]] Result<Bytes> audio_specific_config(Bytes esds);

/// AC3SpecificBox (ETSI TS 102 366 §F.4), each field as it is coded.
struct Ac3Config {
    std::uint8_t fscod = 0;
    std::uint8_t bsid = 0;
    std::uint8_t bsmod = 0;
    std::uint8_t acmod = 0;
    bool lfe = false;
    std::uint8_t bit_rate_code = 0;
};

/// Parses the payload of `dac3`. Fails with bad_media if it is cut off, with unsupported if the sampling rate
/// is reserved.
[[nodiscard]] Result<Ac3Config> parse_ac3_config(Bytes dac3);

/// EC3SpecificBox (§F.6), of its first independent substream, which is the programme.
struct Eac3Config {
    std::uint8_t fscod = 0;
    std::uint8_t acmod = 0;
    bool lfe = false;
    bool alone = true;                ///< there is no other substream, and none that depends on it
    std::uint16_t chan_loc = 0;       ///< channels of those that depend on it
    std::uint8_t joc_complexity = 0;  ///< see AudioFormat
};

/// Parses the payload of `dec3`; fails as parse_ac3_config().
[[nodiscard]] Result<Eac3Config> parse_eac3_config(Bytes dec3);

/// STREAMINFO (RFC 9639 §8.2).
struct FlacStreamInfo {
    std::uint16_t min_block = 0;  ///< samples of a frame; as many as at most: of all but the last
    std::uint16_t max_block = 0;
    std::uint32_t sample_rate = 0;  ///< Hz
    std::uint8_t channels = 0;      ///< 1…8
    std::uint8_t sample_bits = 0;   ///< 1…32
};

/// Parses the payload of `dfLa`. Fails with bad_media if it is cut off or has no sampling rate.
[[nodiscard]] Result<FlacStreamInfo> parse_flac_config(Bytes dfla);

/// OpusSpecificBox ("Encapsulation of Opus in ISO Base Media File Format" §4.3.2).
struct OpusConfig {
    std::uint8_t channels = 0;
    std::uint8_t streams = 1;  ///< in each packet
    std::uint8_t coupled = 0;  ///< of them, with two channels: the first ones
};

/// Parses the payload of `dOps`. Fails with bad_media if it is cut off or contradicts itself, with
/// unsupported if it is not of version 0.
[[nodiscard]] Result<OpusConfig> parse_opus_config(Bytes dops);

/// What is heard, and what the packagers need to know of it.
struct AudioFormat {
    std::uint32_t sample_rate = 0;  ///< Hz
    std::uint8_t channels = 0;
    std::uint8_t sample_bits = 16;    ///< as sample entries say it
    std::uint8_t joc_complexity = 0;  ///< E-AC-3 with Dolby Atmos (JOC): its complexity index, else 0
    /// AC-3, E-AC-3: which channels, the L bit highest (ETSI TS 103 190-2 and 102 366 §I.1.2.1), else 0.
    std::uint16_t dolby_channels = 0;
    AacConfig aac;  ///< of Codec::aac
};

/// What a sample entry's configuration says, in terms that all codecs share.
struct CodecDetails {
    std::string codec_string;  ///< RFC 6381
    // Video.
    std::uint8_t nal_length_size = 4;
    std::vector<std::byte> parameter_sets;  ///< Annex B, to be sent before each picture that can be begun at
    bool sets_in_pictures = false;  ///< a kind of them is not in the configuration, but in the pictures
    std::optional<std::uint32_t> reordered_pictures;  ///< see reordered_pictures(), if it is known
    Color color;
    // Audio.
    AudioFormat audio;
};

/// Each parses the payload of the codec's configuration box, named in CodecForm. They fail with bad_media if
/// it is cut off or contradicts itself, with unsupported if it is a form that is not packaged.
[[nodiscard]] Result<CodecDetails> read_avc(Bytes avcc);
[[nodiscard]] Result<CodecDetails> read_hevc(Bytes hvcc);
[[nodiscard]] Result<CodecDetails> read_av1(Bytes av1c);
[[nodiscard]] Result<CodecDetails> read_vp9(Bytes vpcc);
[[nodiscard]] Result<CodecDetails> read_aac(Bytes specific_config);
[[nodiscard]] Result<CodecDetails> read_ac3(Bytes dac3);
[[nodiscard]] Result<CodecDetails> read_eac3(Bytes dec3);
[[nodiscard]] Result<CodecDetails> read_opus(Bytes dops);
[[nodiscard]] Result<CodecDetails> read_flac(Bytes dfla);

/// MP3 (ISO/IEC 11172-3, 13818-3) has no configuration: the sample entry's numbers. Fails with unsupported if
/// they are none of MPEG audio.
[[nodiscard]] Result<CodecDetails> describe_mp3(std::uint32_t sample_rate, unsigned channels);

/// Bytes of a frame of MP3 that tell of it.
inline constexpr std::uint32_t kMp3Header = 4;

/// How many channels a frame of MP3 has, by its header; nullopt if it begins with none.
[[nodiscard]] std::optional<std::uint8_t> mp3_channels(Bytes frame);

}  // namespace mezz::media
