#include "media/silent_ac3.hpp"

#include <array>

#include "core/bit_writer.hpp"
#include "core/crc16.hpp"

namespace mezz::media {
namespace {

constexpr unsigned kSyncWord = 0x0B77;
constexpr unsigned kBlocks = 6;
constexpr unsigned kLoudest = 31;  // dialnorm: nothing is turned down
constexpr unsigned kDualMono = 0;  // acmod
constexpr unsigned kStereo = 2;

// Full-bandwidth channels by acmod.
constexpr std::array<unsigned, 8> kChannels = {2, 1, 2, 3, 3, 4, 4, 5};

// kbit/s by bit_rate_code (§F.4.3), and Hz by fscod.
constexpr std::array<std::uint32_t, 19> kBitRates = {32,  40,  48,  56,  64,  80,  96,  112, 128, 160,
                                                     192, 224, 256, 320, 384, 448, 512, 576, 640};
constexpr std::array<std::uint32_t, 3> kSampleRates = {48000, 44100, 32000};

// Exponents are sent with the first block and are good for all: each as its difference from the one before,
// which is none, three to a group (§6.1.3).
constexpr unsigned kFirstExponent = 15;
constexpr unsigned kNoDifferences = 2 * 25 + 2 * 5 + 2;
constexpr unsigned kEach = 1;    // strategy: an exponent for each coefficient, of the low-frequency channel
constexpr unsigned kFourth = 3;  // and for four at once

void put_exponents(BitWriter& out, unsigned groups) {
    out.bits(kFirstExponent, 4);
    for (unsigned i = 0; i < groups; ++i)
        out.bits(kNoDifferences, 7);
}

// Of the full-bandwidth channels, with the lowest bandwidth: 73 coefficients.
void put_channel_exponents(BitWriter& out, unsigned channels) {
    constexpr unsigned kGroups = (73 - 1 + 9) / 12;
    out.zeros(6 * channels);  // chbwcod
    for (unsigned i = 0; i < channels; ++i) {
        put_exponents(out, kGroups);
        out.zeros(2);  // gainrng
    }
}

// bsi (§4.3.2), up to lfeon.
void put_mode(BitWriter& out, const Ac3Config& stream) {
    out.bits(stream.bsid, 5);
    out.bits(stream.bsmod, 3);
    out.bits(stream.acmod, 3);
    if ((stream.acmod & 1U) != 0 && stream.acmod != 1) out.zeros(2);  // cmixlev
    if ((stream.acmod & 4U) != 0) out.zeros(2);                       // surmixlev
    if (stream.acmod == kStereo) out.zeros(2);                        // dsurmod
    out.flag(stream.lfe);
}

// audblk (§4.3.3). All offsets from noise are 0: then no coefficient gets a bit (§6.2.2.1), and as none is
// dithered, all are 0.
void put_block(BitWriter& out, const Ac3Config& stream, bool first) {
    const unsigned channels = kChannels[stream.acmod];
    out.zeros(2 * channels + 1);                     // blksw, dithflag, dynrnge
    if (stream.acmod == kDualMono) out.flag(false);  // dynrng2e
    out.flag(first);                                 // cplstre
    if (first) out.flag(false);                      // cplinu
    if (stream.acmod == kStereo) out.flag(first);    // rematstr
    if (stream.acmod == kStereo && first) out.zeros(4);
    for (unsigned i = 0; i < channels; ++i)
        out.bits(first ? kFourth : 0, 2);
    if (stream.lfe) out.flag(first);
    if (first) put_channel_exponents(out, channels);
    if (first && stream.lfe) put_exponents(out, 2);
    out.flag(first);                                                    // baie
    if (first) out.zeros(2 + 2 + 2 + 2 + 3);                            // as is usual, but for nothing
    out.flag(first);                                                    // snroffste
    if (first) out.zeros(6 + 7 * (channels + (stream.lfe ? 1U : 0U)));  // and gains
    out.zeros(2);                                                       // deltbaie, skiple
}

// audfrm (§E.1.2.3): what AC-3 says in each block.
void put_frame_info(BitWriter& out, unsigned channels, const Eac3Config& stream) {
    constexpr unsigned kSomeMode = 1;
    out.flag(true);        // expstre
    out.flag(false);       // ahte
    out.zeros(2 + 1 + 1);  // snroffststr: for all blocks; transproce, blkswe
    out.flag(true);        // dithflage: else all are dithered
    out.zeros(5);          // bamode, frmfgaincode, dbaflde, skipflde, spxattene
    if (stream.acmod > kSomeMode) out.zeros(1 + kBlocks - 1);  // cplinu, cplstre
    for (unsigned block = 0; block < kBlocks; ++block)
        for (unsigned i = 0; i < channels; ++i)
            out.bits(block == 0 ? kFourth : 0, 2);
    if (stream.lfe) out.bits(kEach << (kBlocks - 1), kBlocks);
    out.zeros(5 * channels);  // convexpstr
    out.zeros(6 + 4);         // frmcsnroffst, frmfsnroffst
    out.flag(false);          // blkstrtinfoe
}

// audblk (§E.1.2.4).
void put_short_block(BitWriter& out, unsigned channels, const Eac3Config& stream, bool first) {
    out.zeros(channels + 1);                                // dithflag, dynrnge
    if (stream.acmod == kDualMono) out.flag(false);         // dynrng2e
    out.flag(false);                                        // spxinu, spxstre
    if (stream.acmod == kStereo) out.zeros(first ? 4 : 1);  // rematflg, rematstr
    if (first) put_channel_exponents(out, channels);
    if (first && stream.lfe) put_exponents(out, 2);
    out.flag(false);  // convsnroffste
}

// What must be first of some bytes for the remainder of all to be 0: the division run backwards.
std::uint16_t leading_crc(Bytes rest) noexcept {
    std::uint32_t crc = 0;
    const auto back = [&](unsigned byte) {
        for (unsigned i = 0; i < 8; ++i, byte >>= 1U) {
            const bool divided = (crc & 1U) != 0;
            crc = (divided ? crc ^ (0x10000U | kCrc16) : crc) >> 1U ^ (byte & 1U) << 15U;
        }
    };
    for (std::size_t i = rest.size(); i > 0; --i)
        back(std::to_integer<unsigned>(rest[i - 1]));
    back(0);
    back(0);
    return static_cast<std::uint16_t>(crc);
}

void store(std::vector<std::byte>& frame, std::size_t at, std::uint16_t value) noexcept {
    frame[at] = static_cast<std::byte>(value >> 8U);
    frame[at + 1] = static_cast<std::byte>(value & 0xFFU);
}

}  // namespace

bool is_ac3(const Ac3Config& stream) noexcept {
    constexpr unsigned kNewest = 8;
    return stream.fscod < kSampleRates.size() && stream.bsid <= kNewest &&
           stream.bit_rate_code < kBitRates.size();
}

std::uint32_t ac3_frame_bytes(const Ac3Config& stream) noexcept {
    constexpr std::uint32_t kWordsPerKilobit = kAc3FrameSamples * 1000 / 16;
    return kBitRates[stream.bit_rate_code] * kWordsPerKilobit / kSampleRates[stream.fscod] * 2;
}

std::vector<std::byte> silent_ac3(const Ac3Config& stream) {
    std::vector<std::byte> frame;
    BitWriter out(frame);
    out.bits(kSyncWord, 16);
    out.zeros(16);  // crc1
    out.bits(stream.fscod, 2);
    out.bits(stream.bit_rate_code * 2U, 6);
    put_mode(out, stream);
    out.bits(kLoudest, 5);
    out.zeros(3);  // compre, langcode, audprodie
    if (stream.acmod == kDualMono) {
        out.bits(kLoudest, 5);
        out.zeros(3);
    }
    out.zeros(5);  // copyrightb, origbs, timecod1e, timecod2e, addbsie
    for (unsigned i = 0; i < kBlocks; ++i)
        put_block(out, stream, i == 0);
    frame.resize(ac3_frame_bytes(stream));
    // All of it is in the first 5/8, whose check is crc1 (§6.10.1); the check of zeros, crc2, is 0.
    const std::size_t words = frame.size() / 2;
    const std::size_t checked = (words / 2 + words / 8) * 2;
    store(frame, 2, leading_crc(Bytes(frame).subspan(4, checked - 4)));
    return frame;
}

std::vector<std::byte> silent_eac3(const Eac3Config& stream) {
    const unsigned channels = kChannels[stream.acmod];
    constexpr unsigned kAllBlocks = 3, kBsid = 16;
    std::vector<std::byte> frame;
    BitWriter out(frame);
    out.bits(kSyncWord, 16);
    out.zeros(2 + 3 + 11);  // an independent substream, the first; frmsiz
    out.bits(stream.fscod, 2);
    out.bits(kAllBlocks, 2);
    out.bits(stream.acmod, 3);
    out.flag(stream.lfe);
    out.bits(kBsid, 5);
    out.bits(kLoudest, 5);
    out.flag(false);  // compre
    if (stream.acmod == kDualMono) {
        out.bits(kLoudest, 5);
        out.flag(false);
    }
    out.zeros(3);  // mixmdate, infomdate, addbsie
    put_frame_info(out, channels, stream);
    for (unsigned i = 0; i < kBlocks; ++i)
        put_short_block(out, channels, stream, i == 0);
    out.zeros(2);  // auxdatae, encinfo
    frame.resize((frame.size() + 1) / 2 * 2);
    store(frame, 2, static_cast<std::uint16_t>(frame.size() / 2));  // words that follow the first, with crc2
    ByteWriter(frame).u16(crc16(Bytes(frame).subspan(2)));
    return frame;
}

}  // namespace mezz::media
