// Configuration boxes of all codecs but H.264 and AAC-LC (see media_codec_test.cpp), as real encoders write
// them.
#include <algorithm>

#include "check.hpp"
#include "hevc_fixture.hpp"
#include "media/codec.hpp"
#include "mp4_boxes.hpp"
#include "mp4_driver.hpp"

namespace test = mezz::test;
using mezz::Bytes;
using mezz::ErrorCode;
using mezz::media::VideoRange;
using test::Buffer;
using test::Fields;
using test::refused;

namespace {

using Reader = mezz::Result<mezz::media::CodecDetails> (*)(Bytes);

// Every shorter prefix must be refused, without reading past it.
bool refuses_all_prefixes(const Buffer& whole, Reader read) {
    for (std::size_t n = 0; n < whole.size(); ++n) {
        const Buffer part(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(n));
        if (read(part).has_value()) return false;
    }
    return true;
}

Buffer vp9_config(unsigned packed, std::uint32_t colors) {
    return Fields().u32(0x01000000).u8(0).u8(31).u8(packed).u24(colors).u16(0);
}

std::string vp9_string(unsigned packed, std::uint32_t colors) {
    return mezz::media::read_vp9(vp9_config(packed, colors))->codec_string;
}

// STREAMINFO of 48 kHz, 6 channels, 24 bits.
Buffer flac_config() {
    return Fields().u32(0).u8(0x80).u24(34).u32(0x10001000).zeros(6).u64(0x0BB80B7000000000).zeros(16);
}

}  // namespace

static const char* reads_hevc() {
    const auto main = mezz::media::read_hevc(test::hevc_config());
    MEZZ_CHECK(main && main->codec_string == "hvc1.1.6.L60.90" && main->nal_length_size == 4);
    MEZZ_CHECK(main->parameter_sets == test::hevc_annex_b() && main->reordered_pictures == 2);
    MEZZ_CHECK(!main->color.specified() && main->color.video_range() == VideoRange::sdr);
    const auto hdr = mezz::media::read_hevc(test::hevc_hdr_config());
    MEZZ_CHECK(hdr && hdr->codec_string == "hvc1.2.4.L120.B0" && hdr->color.video_range() == VideoRange::hlg);
    MEZZ_CHECK(hdr->color.primaries == 9 && hdr->color.matrix == 9 && hdr->color.range == 0);
    return test::kFine;
}

static const char* refuses_broken_hevc() {
    MEZZ_CHECK(refuses_all_prefixes(test::hevc_config(), mezz::media::read_hevc));
    Buffer in_band = test::hevc_config();
    in_band.resize(23);
    in_band[22] = std::byte{0};
    MEZZ_CHECK(mezz::media::read_hevc(in_band)->sets_in_pictures);
    MEZZ_CHECK(!mezz::media::read_hevc(test::hevc_config())->sets_in_pictures);
    Buffer cut = test::hevc_config();
    cut[25] = std::byte{0xFF};
    MEZZ_CHECK(refused(mezz::media::read_hevc(cut), ErrorCode::bad_media, "hvcC: a NAL unit"));
    return test::kFine;
}

static const char* names_all_of_a_hevc_profile() {
    Buffer config = test::hevc_config();
    config[1] = std::byte{0x61};  // profile space 1, high tier
    config[6] = std::byte{0xB0};
    config[11] = std::byte{0x08};
    MEZZ_CHECK(mezz::media::read_hevc(config)->codec_string == "hvc1.A1.6.H60.B0.0.0.0.0.8");
    return test::kFine;
}

static const char* reads_av1() {
    const Buffer sequence = Fields().u16(0x0A0B).u64(0x000000043CFECCDA).u24(0xF90040);
    const auto main = mezz::media::read_av1(Fields().u32(0x81000C00).add(sequence));
    MEZZ_CHECK(main && main->codec_string == "av01.0.00M.08" && !main->color.specified());
    const auto ten_bit = mezz::media::read_av1(Fields().u32(0x811F4C00));
    MEZZ_CHECK(ten_bit && ten_bit->codec_string == "av01.0.31M.10");
    const auto high = mezz::media::read_av1(Fields().u32(0x812DC000));
    MEZZ_CHECK(high && high->codec_string == "av01.1.13H.10.0.000.02.02.02.0");
    MEZZ_CHECK(refuses_all_prefixes(Fields().u32(0x81000C00), mezz::media::read_av1));
    MEZZ_CHECK(refused(mezz::media::read_av1(Fields().u32(0x82000C00)), ErrorCode::bad_media, "av1C: not"));
    return test::kFine;
}

static const char* reads_vp9() {
    MEZZ_CHECK(vp9_string(0x82, 0x010101) == "vp09.00.31.08" &&
               vp9_string(0x80, 0x020202) == "vp09.00.31.08");
    MEZZ_CHECK(vp9_string(0xA2, 0x091009) == "vp09.00.31.10.01.09.16.09.00");
    MEZZ_CHECK(vp9_string(0x87, 0x010101) == "vp09.00.31.08.03.01.01.01.01");
    const auto hdr = mezz::media::read_vp9(vp9_config(0xA2, 0x091009));
    MEZZ_CHECK(hdr && hdr->color.video_range() == VideoRange::pq);
    MEZZ_CHECK(refuses_all_prefixes(vp9_config(0x82, 0x010101), mezz::media::read_vp9));
    Buffer old = vp9_config(0x82, 0x010101);
    old[0] = std::byte{0};
    MEZZ_CHECK(refused(mezz::media::read_vp9(old), ErrorCode::unsupported, "vpcC: not version"));
    return test::kFine;
}

static const char* reads_ac3() {
    const auto stereo = mezz::media::read_ac3(Fields().u24(0x101100));
    MEZZ_CHECK(stereo && stereo->codec_string == "ac-3" && stereo->audio.channels == 2);
    const auto surround = mezz::media::read_ac3(Fields().u24(0x103DC0));
    MEZZ_CHECK(surround && surround->audio.channels == 6 && surround->audio.dolby_channels == 0xF801);
    MEZZ_CHECK(surround->audio.sample_rate == 48000);
    MEZZ_CHECK(refuses_all_prefixes(Fields().u24(0x103DC0), mezz::media::read_ac3));
    MEZZ_CHECK(
        refused(mezz::media::read_ac3(Fields().u24(0xD03DC0)), ErrorCode::unsupported, "dac3: sampling"));
    return test::kFine;
}

static const char* reads_eac3() {
    const Buffer plain = Fields().u32(0x1F40200F).u8(0);
    const auto surround = mezz::media::read_eac3(plain);
    MEZZ_CHECK(surround && surround->codec_string == "ec-3" && surround->audio.channels == 6);
    MEZZ_CHECK(surround->audio.joc_complexity == 0 && refuses_all_prefixes(plain, mezz::media::read_eac3));
    const auto atmos = mezz::media::read_eac3(Fields().u32(0x1800200F).u8(0).u16(0x0110));
    MEZZ_CHECK(atmos && atmos->audio.joc_complexity == 16 && atmos->audio.channels == 6);
    // A dependent substream with Lrs/Rrs makes 7.1.
    const auto more = mezz::media::read_eac3(Fields().u32(0x1800200F).u16(0x0202));
    MEZZ_CHECK(more && more->audio.channels == 8 && more->audio.dolby_channels == 0xFA01);
    return test::kFine;
}

static const char* reads_opus_and_flac() {
    const Buffer stereo = Fields().u16(2).u16(0x138).u32(44100).u16(0).u8(0);
    const auto opus = mezz::media::read_opus(stereo);
    MEZZ_CHECK(opus && opus->codec_string == "Opus" && opus->audio.channels == 2 &&
               opus->audio.sample_rate == 48000);
    const Buffer surround =
        Fields().u16(6).u16(0x138).u32(48000).u16(0).u8(1).u16(0x0402).u24(0x000401).u24(0x020305);
    MEZZ_CHECK(mezz::media::read_opus(surround)->audio.channels == 6);
    MEZZ_CHECK(refuses_all_prefixes(stereo, mezz::media::read_opus) &&
               refuses_all_prefixes(surround, mezz::media::read_opus));
    MEZZ_CHECK(
        refused(mezz::media::read_opus(Fields().u16(6).u64(0).u8(0)), ErrorCode::bad_media, "dOps: ch"));
    const auto flac = mezz::media::read_flac(flac_config());
    MEZZ_CHECK(flac && flac->codec_string == "fLaC" && flac->audio.sample_rate == 48000);
    MEZZ_CHECK(flac->audio.channels == 6 && flac->audio.sample_bits == 24);
    MEZZ_CHECK(refuses_all_prefixes(flac_config(), mezz::media::read_flac));
    return test::kFine;
}

static const char* reads_mp3() {
    const auto mp3 = mezz::media::describe_mp3(22050, 2);
    MEZZ_CHECK(mp3 && mp3->codec_string == "mp4a.40.34" && mp3->audio.sample_rate == 22050);
    MEZZ_CHECK(refused(mezz::media::describe_mp3(96000, 2), ErrorCode::unsupported, "mp4a: sampling"));
    MEZZ_CHECK(refused(mezz::media::describe_mp3(48000, 6), ErrorCode::unsupported, "mp4a: channel"));
    const auto channels = [](std::uint32_t header) {
        return mezz::media::mp3_channels(Buffer(Fields().u32(header))).value_or(0);
    };
    MEZZ_CHECK(channels(0xFFFB10C0) == 1 && channels(0xFFF31064) == 2);
    MEZZ_CHECK(channels(0xFFFD10C0) == 0 && channels(0x49443304) == 0);  // layer II, no frame
    // Without DecoderSpecificInfo, as MP3 comes.
    const auto stream = mezz::media::parse_esds(Fields()
                                                    .u32(0)
                                                    .u8(3)
                                                    .u8(3 + 15 + 3)
                                                    .u16(1)
                                                    .u8(0)
                                                    .u8(4)
                                                    .u8(13)
                                                    .u8(0x6B)
                                                    .u8(0x15)
                                                    .zeros(11)
                                                    .u8(6)
                                                    .u8(1)
                                                    .u8(2));
    MEZZ_CHECK(stream && is_mpeg_audio(*stream) && !is_aac(*stream) && stream->specific.empty());
    return test::kFine;
}

// SBR and PS that stand behind the core's description, where older decoders do not look.
static const char* reads_trailing_sbr() {
    const auto none = mezz::media::read_aac(Fields().u16(0x1190).u24(0x56E500));
    MEZZ_CHECK(none && none->codec_string == "mp4a.40.2" && none->audio.sample_rate == 48000);
    const auto sbr = mezz::media::read_aac(Fields().u16(0x1310).u24(0x56E598));
    MEZZ_CHECK(sbr && sbr->codec_string == "mp4a.40.5" && sbr->audio.sample_rate == 48000);
    MEZZ_CHECK(sbr->audio.aac.sample_rate == 24000 && sbr->audio.aac.object_type == 2 &&
               sbr->audio.channels == 2);
    const auto ps = mezz::media::read_aac(Fields().u16(0x1308).u24(0x56E59D).u16(0x4880));
    MEZZ_CHECK(ps && ps->codec_string == "mp4a.40.29" && ps->audio.channels == 2 &&
               ps->audio.aac.channels == 1);
    const auto ahead = mezz::media::read_aac(Fields().u32(0x2B118800));
    MEZZ_CHECK(ahead && ahead->codec_string == "mp4a.40.5" && ahead->audio.sample_rate == 48000);
    return test::kFine;
}

int main() {
    const CMUnitTest tests[] = {MEZZ_CHECKED(reads_hevc), MEZZ_CHECKED(refuses_broken_hevc),
                                MEZZ_CHECKED(reads_av1),  MEZZ_CHECKED(names_all_of_a_hevc_profile),
                                MEZZ_CHECKED(reads_vp9),  MEZZ_CHECKED(reads_ac3),
                                MEZZ_CHECKED(reads_eac3), MEZZ_CHECKED(reads_opus_and_flac),
                                MEZZ_CHECKED(reads_mp3),  MEZZ_CHECKED(reads_trailing_sbr)};
    return cmocka_run_group_tests_name("codecs", tests, nullptr, nullptr);
}
