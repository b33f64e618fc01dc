#include "package/adts.hpp"

namespace mezz::package {

Result<void> check_adts(const AdtsConfig& config) noexcept {
    if (config.object_type < 1 || config.object_type > 4)
        return fail(ErrorCode::unsupported, "ts: AAC object type");
    if (config.sampling_frequency_index > 12)
        return fail(ErrorCode::unsupported, "ts: AAC sampling frequency");
    if (config.channel_configuration < 1 || config.channel_configuration > 7)
        return fail(ErrorCode::unsupported, "ts: AAC channel configuration");
    return {};
}

std::array<std::byte, kAdtsHeaderSize> adts_header(const AdtsConfig& config,
                                                   std::uint32_t frame_size) noexcept {
    const std::uint64_t length = frame_size + kAdtsHeaderSize;
    std::uint64_t bits = 0xFFF1;  // syncword, MPEG-4, layer 0, protection_absent
    bits = bits << 2 | (config.object_type - 1U);
    bits = bits << 4 | config.sampling_frequency_index;
    bits = bits << 1;  // private_bit
    bits = bits << 3 | config.channel_configuration;
    bits = bits << 4;  // original, home, copyright bits
    bits = bits << 13 | length;
    bits = bits << 11 | 0x7FF;  // buffer fullness of a variable bit rate
    bits = bits << 2;           // one raw data block
    std::array<std::byte, kAdtsHeaderSize> header;
    for (unsigned i = 0; i < header.size(); ++i)
        header[i] = static_cast<std::byte>(bits >> (48 - 8 * i) & 0xFF);
    return header;
}

}  // namespace mezz::package
