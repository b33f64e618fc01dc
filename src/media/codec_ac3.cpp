#include <array>
#include <bit>

#include "core/bit_reader.hpp"
#include "media/codec.hpp"

namespace mezz::media {
namespace {

// Bits of AudioFormat::dolby_channels.
constexpr unsigned kL = 0x8000, kC = 0x4000, kR = 0x2000, kLs = 0x1000, kRs = 0x0800, kCs = 0x0100;
constexpr unsigned kLfe = 0x0001;
constexpr unsigned kPairs =
    0x0674;  // bits that are two channels: Lc/Rc, Lrs/Rrs, Lsd/Rsd, Lw/Rw, Lvh/Rvh, Lts/Rts

// By acmod (ETSI TS 102 366 §4.4.2.3). Two programmes are two channels.
constexpr std::array<unsigned, 8> kModes = {kL | kR,
                                            kC,
                                            kL | kR,
                                            kL | kC | kR,
                                            kL | kR | kCs,
                                            kL | kC | kR | kCs,
                                            kL | kR | kLs | kRs,
                                            kL | kC | kR | kLs | kRs};
constexpr std::array<std::uint32_t, 4> kSampleRates = {48000, 44100, 32000, 0};

// By the bits of chan_loc, lowest first (§F.6.2.13).
constexpr std::array<unsigned, 9> kLocations = {0x0400, 0x0200, 0x0100, 0x0080, 0x0040,
                                                0x0020, 0x0010, 0x0008, 0x0002};

Result<CodecDetails> details_of(const char* name, std::uint32_t sample_rate, unsigned channels) {
    CodecDetails details;
    details.codec_string = name;
    details.audio.sample_rate = sample_rate;
    details.audio.channels =
        static_cast<std::uint8_t>(std::popcount(channels) + std::popcount(channels & kPairs));
    details.audio.dolby_channels = static_cast<std::uint16_t>(channels);
    return details;
}

unsigned read_locations(std::uint32_t chan_loc) noexcept {
    unsigned channels = 0;
    for (std::size_t i = 0; i < kLocations.size(); ++i)
        if ((chan_loc >> i & 1U) != 0) channels |= kLocations[i];
    return channels;
}

}  // namespace

Result<Ac3Config> parse_ac3_config(Bytes dac3) {
    BitReader in(dac3);
    Ac3Config stream;
    stream.fscod = static_cast<std::uint8_t>(in.bits(2));
    stream.bsid = static_cast<std::uint8_t>(in.bits(5));
    stream.bsmod = static_cast<std::uint8_t>(in.bits(3));
    stream.acmod = static_cast<std::uint8_t>(in.bits(3));
    stream.lfe = in.flag();
    stream.bit_rate_code = static_cast<std::uint8_t>(in.bits(5));
    in.skip(5);
    if (!in.ok()) return fail(ErrorCode::bad_media, "dac3: box is cut off");
    if (kSampleRates[stream.fscod] == 0)
        return fail(ErrorCode::unsupported, "dac3: sampling rate is reserved");
    return stream;
}

Result<CodecDetails> read_ac3(Bytes dac3) {
    const auto stream = parse_ac3_config(dac3);
    if (!stream) return std::unexpected(stream.error());
    const unsigned channels = kModes[stream->acmod] | (stream->lfe ? kLfe : 0);
    return details_of("ac-3", kSampleRates[stream->fscod], channels);
}

// With the extension for object audio (ETSI TS 103 420 §8.3.2).
Result<Eac3Config> parse_eac3_config(Bytes dec3) {
    BitReader in(dec3);
    in.skip(13);
    const unsigned independent = in.bits(3) + 1;
    Eac3Config first;
    for (unsigned i = 0; i < independent; ++i) {
        Eac3Config stream;
        stream.fscod = static_cast<std::uint8_t>(in.bits(2));
        in.skip(5 + 1 + 1 + 3);
        stream.acmod = static_cast<std::uint8_t>(in.bits(3));
        stream.lfe = in.flag();
        in.skip(3);
        const bool depended_on = in.bits(4) > 0;
        if (depended_on)
            stream.chan_loc = static_cast<std::uint16_t>(in.bits(9));
        else
            in.skip(1);
        stream.alone = independent == 1 && !depended_on;
        if (i == 0) first = stream;
    }
    if (!in.ok()) return fail(ErrorCode::bad_media, "dec3: box is cut off");
    if (kSampleRates[first.fscod] == 0)
        return fail(ErrorCode::unsupported, "dec3: sampling rate is reserved");
    in.skip(7);
    const bool joc = in.flag();
    const auto complexity = static_cast<std::uint8_t>(in.bits(8));
    if (in.ok() && joc) first.joc_complexity = complexity;
    return first;
}

// The channels of substreams that depend on the programme are added to its own.
Result<CodecDetails> read_eac3(Bytes dec3) {
    const auto stream = parse_eac3_config(dec3);
    if (!stream) return std::unexpected(stream.error());
    const unsigned channels =
        kModes[stream->acmod] | (stream->lfe ? kLfe : 0) | read_locations(stream->chan_loc);
    auto details = details_of("ec-3", kSampleRates[stream->fscod], channels);
    details->audio.joc_complexity = stream->joc_complexity;
    return details;
}

}  // namespace mezz::media
