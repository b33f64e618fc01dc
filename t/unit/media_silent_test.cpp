// That decoders take these frames for silence is seen in ingest_worker/t/silent_frames_test.cpp.
#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "check.hpp"
#include "core/bit_reader.hpp"
#include "core/crc16.hpp"
#include "media/silent_aac.hpp"
#include "media/silent_ac3.hpp"
#include "media/silent_flac.hpp"
#include "media/silent_mp3.hpp"
#include "media/silent_opus.hpp"

namespace test = mezz::test;
namespace media = mezz::media;
using mezz::Bytes;
using Frame = std::vector<std::byte>;

namespace {

std::string hex(Bytes bytes) {
    std::string out;
    for (const std::byte b : bytes)
        for (const unsigned shift : {4U, 0U})
            out += "0123456789abcdef"[std::to_integer<unsigned>(b) >> shift & 15U];
    return out;
}

}  // namespace

static const char* aac() {
    MEZZ_CHECK(hex(media::silent_aac(1)) == "00000007" && hex(media::silent_aac(2)) == "21000000001c");
    const std::array<std::size_t, 7> sizes = {4, 6, 10, 13, 15, 19, 24};
    for (unsigned n = 1; n <= sizes.size(); ++n)
        MEZZ_CHECK(media::silent_aac(n).size() == sizes[n - 1]);
    return test::kFine;
}

static const char* opus() {
    MEZZ_CHECK(hex(media::silent_opus(1, 0)) == "f8fffe" && hex(media::silent_opus(1, 1)) == "fcfffe");
    MEZZ_CHECK(hex(media::silent_opus(4, 2)) == "fc02fffefc02fffef802fffef8fffe");  // 5.1
    return test::kFine;
}

static const char* mp3() {
    const auto head = [](const Frame& frame) { return hex(Bytes(frame).first(4)); };
    const auto is_empty = [](const Frame& frame) {
        return std::ranges::all_of(frame.begin() + 4, frame.end(),
                                   [](std::byte b) { return b == std::byte(); });
    };
    const Frame stereo = media::silent_mp3(48000, 2);
    MEZZ_CHECK(head(stereo) == "fffb1400" && stereo.size() == 96 && is_empty(stereo));
    const Frame mono = media::silent_mp3(44100, 1);
    MEZZ_CHECK(head(mono) == "fffb10c0" && mono.size() == 104 && is_empty(mono));
    const Frame low = media::silent_mp3(22050, 2);
    MEZZ_CHECK(head(low) == "fff31000" && low.size() == 26 && is_empty(low));
    MEZZ_CHECK(head(media::silent_mp3(32000, 2)) == "fffb1800" &&
               head(media::silent_mp3(16000, 1)) == "fff318c0");
    return test::kFine;
}

static const char* flac() {
    const Frame frame = media::silent_flac({4608, 4608, 48000, 2, 16});
    MEZZ_CHECK(hex(frame) == "fff87a180011ff11000000000000c3bb");
    MEZZ_CHECK(mezz::crc16(frame) == 0);
    // Numbers of samples, and what only STREAMINFO tells.
    const Frame odd = media::silent_flac({16, 4096, 12345, 8, 15});
    MEZZ_CHECK(hex(Bytes(odd).first(7)) ==
                   "fff970700"
                   "00fff" &&
               odd.size() == 8 + 8 * 23 / 8 + 2);
    return test::kFine;
}

// Of all rates and channels: of the size that its code says, with the checks of both its parts.
static const char* ac3() {
    for (std::uint8_t fscod = 0; fscod < 3; ++fscod) {
        for (unsigned n = 0; n < 19U * 16U; ++n) {
            const media::Ac3Config stream{.fscod = fscod,
                                          .bsid = 8,
                                          .bsmod = 0,
                                          .acmod = static_cast<std::uint8_t>(n % 8),
                                          .lfe = n / 8 % 2 == 1,
                                          .bit_rate_code = static_cast<std::uint8_t>(n / 16)};
            const Frame frame = media::silent_ac3(stream);
            MEZZ_CHECK(frame.size() == media::ac3_frame_bytes(stream));
            const std::size_t words = frame.size() / 2;
            const std::size_t checked = (words / 2 + words / 8) * 2;
            MEZZ_CHECK(mezz::crc16(Bytes(frame).first(checked).subspan(2)) == 0);
            MEZZ_CHECK(std::ranges::all_of(frame.begin() + static_cast<std::ptrdiff_t>(checked), frame.end(),
                                           [](std::byte b) { return b == std::byte(); }));
        }
    }
    return test::kFine;
}

// As they are announced for 5.1 with 384 kbit/s.
static const char* head_of_ac3() {
    const Frame frame = media::silent_ac3({0, 8, 0, 7, true, 14});
    mezz::BitReader in(frame);
    MEZZ_CHECK(frame.size() == 1536 && in.bits(16) == 0x0B77);
    in.skip(16);
    MEZZ_CHECK(in.bits(2) == 0 && in.bits(6) == 28 && in.bits(5) == 8 && in.bits(3) == 0 && in.bits(3) == 7);
    MEZZ_CHECK(in.bits(2 + 2) == 0 && in.flag() && in.bits(5) == 31);
    MEZZ_CHECK(media::ac3_frame_bytes({1, 8, 0, 2, false, 0}) == 138 &&
               media::ac3_frame_bytes({2, 8, 0, 2, false, 18}) == 3840);
    MEZZ_CHECK(media::is_ac3({2, 8, 0, 2, false, 18}) && !media::is_ac3({0, 9, 0, 2, false, 18}) &&
               !media::is_ac3({0, 8, 0, 2, false, 19}));
    return test::kFine;
}

static const char* eac3() {
    for (std::uint8_t n = 0; n < 16; ++n) {
        const bool lfe = n / 8 == 1;
        const Frame frame =
            media::silent_eac3({.fscod = 1, .acmod = static_cast<std::uint8_t>(n % 8), .lfe = lfe});
        mezz::BitReader in(frame);
        MEZZ_CHECK(in.bits(16) == 0x0B77 && in.bits(5) == 0 && (in.bits(11) + 1) * 2 == frame.size());
        MEZZ_CHECK(in.bits(2) == 1 && in.bits(2) == 3 && in.bits(3) == n % 8U && in.flag() == lfe &&
                   in.bits(5) == 16);
        MEZZ_CHECK(mezz::crc16(Bytes(frame).subspan(2)) == 0 && frame.size() < 120);
    }
    return test::kFine;
}

int main() {
    const CMUnitTest tests[] = {MEZZ_CHECKED(aac),  MEZZ_CHECKED(opus), MEZZ_CHECKED(mp3),
                                MEZZ_CHECKED(flac), MEZZ_CHECKED(ac3),  MEZZ_CHECKED(head_of_ac3),
                                MEZZ_CHECKED(eac3)};
    return cmocka_run_group_tests_name("silent frames", tests, nullptr, nullptr);
}
