// Single packets and headers: packet heads, PSI, PES heads, ADTS.
#include <cstring>

#include "package/adts.hpp"
#include "package/ts_packet.hpp"
#include "package/ts_pes.hpp"
#include "package/ts_psi.hpp"
#include "test.hpp"
#include "ts_fixture.hpp"

namespace test = mezz::test;
using mezz::as_bytes;
using mezz::ByteReader;
using mezz::package::adts_header;
using mezz::package::check_adts;
using mezz::package::kPesHeaderWithBoth;
using mezz::package::kTsAudio;
using mezz::package::kTsAudioPid;
using mezz::package::kTsPacketSize;
using mezz::package::kTsPayloadSize;
using mezz::package::kTsVideo;
using mezz::package::kTsVideoPid;
using mezz::package::ts_adaptation_size;
using mezz::package::ts_crc32;
using mezz::package::TsPacketHead;
using mezz::package::write_pes_head;
using mezz::package::write_ts_head;
using mezz::package::write_ts_pcr_packet;

static void crc_is_that_of_mpeg() {
    assert_int_equal(ts_crc32(as_bytes("123456789")), 0x0376E6E7);  // CRC-32/MPEG-2's check value
    assert_int_equal(ts_crc32({}), 0xFFFFFFFF);
}

static void heads_leave_the_payload_asked_for() {
    bool right = true;
    for (const bool pcr : {false, true})
        for (const bool random_access : {false, true}) {
            TsPacketHead head{.pid = kTsVideoPid, .counter = 21, .random_access = random_access};
            if (pcr) head.pcr = 0x1'2345'6789;
            const std::size_t most = kTsPayloadSize - ts_adaptation_size(random_access, pcr);
            for (std::size_t payload = 1; payload <= most; ++payload) {
                std::array<std::byte, kTsPacketSize> packet{};
                const std::size_t at = write_ts_head(packet, head, payload);
                ByteReader in(packet);
                right = right && at == kTsPacketSize - payload && in.u24() == 0x470100;
                const bool field = payload < kTsPayloadSize;
                right = right && in.u8() == (field ? 0x35 : 0x15);
                right = right && (!field || in.u8() == at - 5);
            }
        }
    assert_true(right);
}

static void pcr_is_written_in_33_bits() {
    std::array<std::byte, kTsPacketSize> packet{};
    write_ts_pcr_packet(packet, kTsAudioPid, 15, 0x2'8000'0001);  // bit 33 and above are dropped
    ByteReader in(packet);
    const auto head = in.u32();
    const auto adaptation = in.u16();
    const auto base = in.u32();
    const auto rest = in.u16();
    const auto stuffing = in.u32();
    assert_int_equal(head, 0x4701012F);
    assert_int_equal(adaptation, 0xB710);
    assert_int_equal(base, 0x40000000);
    assert_int_equal(rest, 0xFE00);
    assert_int_equal(stuffing, 0xFFFFFFFF);
}

static void pes_times_have_marker_bits() {
    std::array<std::byte, kPesHeaderWithBoth> out{};
    const auto size = write_pes_head(out, {.source = kTsVideo, .pts = 0x1'FFFF'FFFF, .dts = -1});
    const auto expected = test::bytes(
        {0, 0, 1, 0xE0, 0, 0, 0x84, 0xC0, 10, 0x3F, 0xFF, 0xFF, 0xFF, 0xFF, 0x1F, 0xFF, 0xFF, 0xFF, 0xFF});
    const bool both = size == 19 && std::memcmp(out.data(), expected.data(), 19) == 0;
    const auto audio_size =
        write_pes_head(out, {.source = kTsAudio, .stream_id = 0xC0, .pts = 0x1'0001'8001, .payload = 100});
    const auto audio = test::bytes({0, 0, 1, 0xC0, 0, 108, 0x84, 0x80, 5, 0x29, 0x00, 0x07, 0x00, 0x03});
    const bool one = audio_size == 14 && std::memcmp(out.data(), audio.data(), 14) == 0;
    assert_true(both);
    assert_true(one);
}

static void adts_header_spells_the_configuration() {
    const auto header = adts_header({2, 4, 2}, 371 - 7);  // AAC LC, 44.1 kHz, stereo
    const auto expected = test::bytes({0xFF, 0xF1, 0x50, 0x80, 0x2E, 0x7F, 0xFC});
    const bool same = std::memcmp(header.data(), expected.data(), 7) == 0;
    assert_true(same);
    assert_true(check_adts({2, 12, 7}).has_value());
    assert_false(check_adts({5, 4, 2}).has_value());
    assert_false(check_adts({0, 4, 2}).has_value());
    assert_false(check_adts({2, 13, 2}).has_value());
    assert_false(check_adts({2, 4, 0}).has_value());
    assert_false(check_adts({2, 4, 8}).has_value());
}

int main() {
    const CMUnitTest tests[] = {
        MEZZ_TEST(crc_is_that_of_mpeg),
        MEZZ_TEST(heads_leave_the_payload_asked_for),
        MEZZ_TEST(pcr_is_written_in_33_bits),
        MEZZ_TEST(pes_times_have_marker_bits),
        MEZZ_TEST(adts_header_spells_the_configuration),
    };
    return cmocka_run_group_tests_name("ts tables", tests, nullptr, nullptr);
}
