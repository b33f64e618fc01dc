#include "media/codec.hpp"

#include <algorithm>

#include "check.hpp"
#include "mp4_boxes.hpp"
#include "mp4_driver.hpp"

namespace test = mezz::test;
using mezz::Bytes;
using mezz::ErrorCode;
using mezz::media::audio_specific_config;
using mezz::media::codec_string;
using mezz::media::parse_aac_config;
using mezz::media::parse_avc_config;
using test::Buffer;
using test::Fields;
using test::refused;

namespace {

auto avc(const Fields& fields) {
    return parse_avc_config(Bytes(fields));
}

auto aac(const Fields& fields) {
    return parse_aac_config(Bytes(fields));
}

// Every shorter prefix must be refused, without reading past it.
template <class Parse>
bool refuses_all_prefixes(const Buffer& whole, std::size_t shortest_valid, Parse parse) {
    for (std::size_t n = 0; n < shortest_valid; ++n) {
        const Buffer part(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(n));
        if (parse(part).has_value()) return false;
    }
    return true;
}

}  // namespace

static const char* reads_avc() {
    const auto config = parse_avc_config(test::avc_config());
    MEZZ_CHECK(config && config->profile == 0x42 && config->compatibility == 0xC0 && config->level == 0x1E);
    MEZZ_CHECK(config->nal_length_size == 4 && config->parameter_sets == test::annex_b_sets());
    MEZZ_CHECK(codec_string(*config) == "avc1.42c01e");
    MEZZ_CHECK(parse_avc_config(test::avc_config(2))->nal_length_size == 2);
    MEZZ_CHECK(parse_avc_config(test::avc_config(1))->nal_length_size == 1);
    MEZZ_CHECK(refused(parse_avc_config(test::avc_config(3)), ErrorCode::bad_media, "avcC: NAL length"));
    return test::kFine;
}

static const char* reads_several_parameter_sets() {
    const auto config = avc(Fields()
                                .u32(0x01640028)
                                .u8(0xFF)
                                .u8(0xE2)
                                .u16(1)
                                .u8(0x67)
                                .u16(2)
                                .u16(0x6768)
                                .u8(1)
                                .u16(1)
                                .u8(0x68)
                                .u32(0xFDF8F800));
    const Buffer sets = Fields().u32(1).u8(0x67).u32(1).u16(0x6768).u32(1).u8(0x68);
    MEZZ_CHECK(config && config->parameter_sets == sets && codec_string(*config) == "avc1.640028");
    return test::kFine;
}

static const char* refuses_broken_avc() {
    const Buffer whole = test::avc_config();
    MEZZ_CHECK(refuses_all_prefixes(whole, whole.size(), [](Bytes b) { return parse_avc_config(b); }));
    MEZZ_CHECK(
        refused(avc(Fields().u32(0x0042C01E).u16(0xFFE1)), ErrorCode::bad_media, "avcC: not version 1"));
    MEZZ_CHECK(refused(avc(Fields().u32(0x0142C01E).u16(0xFFE1).u16(0).u8(1)), ErrorCode::bad_media,
                       "avcC: an SPS"));
    MEZZ_CHECK(refused(avc(Fields().u32(0x0142C01E).u16(0xFFE1).u16(1).u8(0x67).u8(1)), ErrorCode::bad_media,
                       "avcC: a PPS"));
    MEZZ_CHECK(avc(Fields().u32(0x0142C01E).u16(0xFFE0).u8(0))->sets_in_pictures);
    MEZZ_CHECK(!parse_avc_config(whole)->sets_in_pictures);
    return test::kFine;
}

static const char* reads_aac() {
    const auto lc = parse_aac_config(test::lc_config());
    MEZZ_CHECK(lc && lc->object_type == 2 && lc->frequency_index == 4 && lc->sample_rate == 44100);
    MEZZ_CHECK(lc->channel_configuration == 2 && lc->channels == 2 && codec_string(*lc) == "mp4a.40.2");
    const auto surround = aac(Fields().u16(0x11B8));  // 48 kHz, configuration 7
    MEZZ_CHECK(surround && surround->sample_rate == 48000 && surround->channels == 8);
    MEZZ_CHECK(surround->channel_configuration == 7);
    return test::kFine;
}

static const char* reads_he_aac() {
    const auto sbr = aac(Fields().u32(0x2B918800));  // SBR, 22050 Hz, stereo; extension 48 kHz; core LC
    MEZZ_CHECK(sbr && sbr->signalled_type == 5 && sbr->object_type == 2 && sbr->sample_rate == 22050);
    MEZZ_CHECK(sbr->channels == 2 && codec_string(*sbr) == "mp4a.40.5");
    const auto ps = aac(Fields().u32(0xEB918800));
    MEZZ_CHECK(ps && ps->signalled_type == 29 && ps->object_type == 2 && codec_string(*ps) == "mp4a.40.29");
    // An explicit extension rate: 24 bits more before the core's type.
    const auto explicit_rate = aac(Fields().u16(0x2B97).u32(0x805DC008));
    MEZZ_CHECK(explicit_rate && explicit_rate->object_type == 2 && explicit_rate->sample_rate == 22050);
    return test::kFine;
}

static const char* refuses_what_adts_cannot_say() {
    MEZZ_CHECK(
        refused(aac(Fields().u32(0x17805DC0).u32(0x10000000)), ErrorCode::unsupported, "esds: sampling"));
    MEZZ_CHECK(
        refused(aac(Fields().u16(0x1690)), ErrorCode::unsupported, "esds: sampling"));  // reserved index 13
    MEZZ_CHECK(refused(aac(Fields().u16(0x1200)), ErrorCode::unsupported, "esds: channel"));
    MEZZ_CHECK(refused(aac(Fields().u16(0x1240)), ErrorCode::unsupported, "esds: channel"));
    MEZZ_CHECK(refused(aac(Fields().u32(0xF9464000)), ErrorCode::unsupported, "esds: audio object"));  // USAC
    MEZZ_CHECK(refused(aac(Fields().u8(0x12)), ErrorCode::bad_media, "esds: AudioSpecificConfig"));
    MEZZ_CHECK(refused(aac(Fields()), ErrorCode::bad_media, "esds: AudioSpecificConfig"));
    MEZZ_CHECK(refused(aac(Fields().u16(0x2B91)), ErrorCode::bad_media, "esds: AudioSpecificConfig"));
    return test::kFine;
}

static const char* finds_the_specific_config() {
    const Buffer config = test::lc_config();
    const Buffer plain = test::es_descriptor(config);
    const auto found = audio_specific_config(plain);
    MEZZ_CHECK(found && std::ranges::equal(*found, config));
    // Long lengths, and the three optional fields of ES_Descriptor.
    const Buffer url = Fields().u8(3).text("url");
    const Buffer optional = Fields()
                                .u32(0)
                                .u8(3)
                                .u32(0x80808000 | (3 + 2 + 4 + 2 + 20))
                                .u16(1)
                                .u8(0xE0)
                                .u16(9)
                                .add(url)
                                .u16(8)
                                .u8(4)
                                .u16(0x8011)
                                .u8(0x67)
                                .u8(0x15)
                                .zeros(11)
                                .u8(5)
                                .u8(2)
                                .add(config);
    const auto also = audio_specific_config(optional);
    MEZZ_CHECK(also && std::ranges::equal(*also, config));
    MEZZ_CHECK(refuses_all_prefixes(plain, plain.size(), [](Bytes b) { return audio_specific_config(b); }));
    MEZZ_CHECK(refused(audio_specific_config(test::es_descriptor(config, 0x6B)), ErrorCode::unsupported,
                       "esds: object type"));
    return test::kFine;
}

int main() {
    const CMUnitTest tests[] = {MEZZ_CHECKED(reads_avc),
                                MEZZ_CHECKED(reads_several_parameter_sets),
                                MEZZ_CHECKED(refuses_broken_avc),
                                MEZZ_CHECKED(reads_aac),
                                MEZZ_CHECKED(reads_he_aac),
                                MEZZ_CHECKED(refuses_what_adts_cannot_say),
                                MEZZ_CHECKED(finds_the_specific_config)};
    return cmocka_run_group_tests_name("codec", tests, nullptr, nullptr);
}
