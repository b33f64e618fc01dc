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

// AC3SpecificBox (ETSI TS 102 366 §F.4).
Result<CodecDetails> read_ac3(Bytes dac3) {
    BitReader in(dac3);
    const std::uint32_t rate = kSampleRates[in.bits(2)];
    in.skip(5 + 3);
    unsigned channels = kModes[in.bits(3)];
    if (in.flag()) channels |= kLfe;
    in.skip(5 + 5);
    if (!in.ok()) return fail(ErrorCode::bad_media, "dac3: box is cut off");
    if (rate == 0) return fail(ErrorCode::unsupported, "dac3: sampling rate is reserved");
    return details_of("ac-3", rate, channels);
}

// EC3SpecificBox (§F.6), with the extension for object audio (ETSI TS 103 420 §8.3.2). The first independent
// substream is the programme; its dependent ones add channels.
Result<CodecDetails> read_eac3(Bytes dec3) {
    BitReader in(dec3);
    in.skip(13);
    const unsigned independent = in.bits(3) + 1;
    std::uint32_t rate = 0;
    unsigned channels = 0;
    for (unsigned i = 0; i < independent; ++i) {
        const std::uint32_t own_rate = kSampleRates[in.bits(2)];
        in.skip(5 + 1 + 1 + 3);
        unsigned own = kModes[in.bits(3)];
        if (in.flag()) own |= kLfe;
        in.skip(3);
        if (in.bits(4) > 0)
            own |= read_locations(in.bits(9));
        else
            in.skip(1);
        if (i > 0) continue;
        rate = own_rate;
        channels = own;
    }
    if (!in.ok()) return fail(ErrorCode::bad_media, "dec3: box is cut off");
    if (rate == 0) return fail(ErrorCode::unsupported, "dec3: sampling rate is reserved");
    auto details = details_of("ec-3", rate, channels);
    in.skip(7);
    const bool joc = in.flag();
    const auto complexity = static_cast<std::uint8_t>(in.bits(8));
    if (in.ok() && joc) details->audio.joc_complexity = complexity;
    return details;
}

}  // namespace mezz::media
