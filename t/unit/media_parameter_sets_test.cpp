#include "media/parameter_sets.hpp"

#include <algorithm>

#include "check.hpp"
#include "codec_entries.hpp"
#include "media/nal_units.hpp"
#include "mp4_driver.hpp"
#include "mp4_fixture.hpp"
#include "package/fmp4.hpp"

namespace test = mezz::test;
namespace media = mezz::media;
using media::Codec;
using mezz::Bytes;
using mezz::ErrorCode;
using test::Buffer;
using test::Fields;
using test::refused;

namespace {

/// SPS of x264: High, 320x180, 4:2:0, 8 bits; then its PPS. Without their lengths.
Buffer avc_sps() {
    return Fields().u64(0x6764000CACD94141).u64(0x9F9E016A02020280).u64(0x00000301'80000003).u8(0x32);
}
Buffer avc_pps() {
    return Fields().u32(0x68EBE3CB).u8(0x22).u8(0xC0);
}

/// The units of an Annex B text, each behind its length, in an access unit of the codec.
Buffer sample_of(Bytes annex_b, unsigned length_size, unsigned slice) {
    std::vector<Bytes> units;
    media::split_start_codes(annex_b, units);
    Fields out;
    const auto put = [&](Bytes unit) {
        for (unsigned i = length_size; i-- > 0;)
            out.u8(unit.size() >> (8 * i));
        out.add(unit);
    };
    for (const Bytes unit : units)
        put(unit);
    put(Fields().u16(slice << 8 | 1).u32(0x80808080));
    return out;
}

Buffer annex_b(std::initializer_list<Bytes> units) {
    Fields out;
    for (const Bytes unit : units)
        out.u32(1).add(unit);
    return out;
}

Buffer avc_access_unit(Bytes pps) {
    return sample_of(annex_b({Fields().u16(0x09F0), avc_sps(), pps}), 4, 0x65);
}

/// Three key frames that begin with these bytes, in a file whose sample entry has no parameter sets.
test::Mp4File file_of(const Buffer& entry, const std::vector<Buffer>& begins) {
    test::FileSpec spec;
    spec.tracks = {test::video_track(10 * begins.size(), 10)};
    spec.tracks[0].entry = entry;
    for (std::size_t i = 0; i < spec.tracks[0].frames.size(); ++i)
        if (i % 10 == 0) spec.tracks[0].frames[i].size = static_cast<std::uint32_t>(begins[i / 10].size());
    test::Mp4File file = test::make_mp4(spec);
    for (std::size_t i = 0; i < begins.size(); ++i)
        std::ranges::copy(begins[i],
                          file.bytes.begin() + static_cast<std::ptrdiff_t>(file.samples[0][10 * i].offset));
    return file;
}

Buffer bare_avc3() {
    return test::video_entry("avc3", test::box("avcC", Fields().u32(0x0164000C).u16(0xFFE0).u8(0)));
}

Buffer bare_hev1() {
    Buffer config = test::hevc_config();
    config.resize(23);
    config[22] = std::byte{0};
    return test::hevc_entry("hev1", config);
}

}  // namespace

static const char* finds_them_before_the_first_slice() {
    const Buffer sample = avc_access_unit(avc_pps());
    const auto sets = media::find_parameter_sets(Codec::h264, sample, 4);
    MEZZ_CHECK(sets.sps.size() == 1 && sets.pps.size() == 1 && sets.vps.empty());
    MEZZ_CHECK(std::ranges::equal(sets.sps[0], avc_sps()) && std::ranges::equal(sets.pps[0], avc_pps()));
    const Buffer behind = test::join({sample_of({}, 4, 0x65), sample});
    MEZZ_CHECK(media::find_parameter_sets(Codec::h264, behind, 4).sps.empty());
    const Buffer twice = sample_of(annex_b({avc_sps(), avc_sps(), avc_pps()}), 2, 0x65);
    MEZZ_CHECK(media::find_parameter_sets(Codec::h264, twice, 2).sps.size() == 1);
    const Bytes cut = Bytes(sample).first(20);
    MEZZ_CHECK(media::find_parameter_sets(Codec::h264, cut, 4).sps.empty());
    return test::kFine;
}

static const char* writes_what_hvcc_of_an_encoder_says() {
    for (const Buffer& config : {test::hevc_config(), test::hevc_hdr_config()}) {
        const auto details = media::read_hevc(config);
        const Buffer sample = sample_of(details->parameter_sets, 4, 0x26);
        const auto sets = media::find_parameter_sets(Codec::hevc, sample, 4);
        const auto made = media::write_decoder_config(Codec::hevc, sets, 4);
        MEZZ_CHECK(made.has_value() && std::ranges::equal(Bytes(*made).first(21), Bytes(config).first(21)));
        const auto read = media::read_hevc(*made);
        MEZZ_CHECK(read && read->codec_string == details->codec_string && !read->sets_in_pictures);
        MEZZ_CHECK(read->parameter_sets == details->parameter_sets);
    }
    return test::kFine;
}

static const char* writes_avcc() {
    const Buffer sample = avc_access_unit(avc_pps());
    const auto made =
        media::write_decoder_config(Codec::h264, media::find_parameter_sets(Codec::h264, sample, 4), 4);
    const Buffer wanted =
        test::join({Fields().u32(0x0164000C).u16(0xFFE1).u16(avc_sps().size()), avc_sps(),
                    Fields().u8(1).u16(avc_pps().size()), avc_pps(), Fields().u32(0xFDF8F800)});
    MEZZ_CHECK(made && *made == wanted);
    return test::kFine;
}

static const char* refuses_what_is_not_whole() {
    const auto config = [](Codec codec, Bytes text) {
        const Buffer sample = sample_of(text, 4, codec == Codec::hevc ? 0x26 : 0x65);
        return media::write_decoder_config(codec, media::find_parameter_sets(codec, sample, 4), 4);
    };
    MEZZ_CHECK(
        refused(config(Codec::h264, annex_b({avc_sps()})), ErrorCode::bad_media, "avc3: no parameter"));
    MEZZ_CHECK(
        refused(config(Codec::hevc, annex_b({avc_sps()})), ErrorCode::bad_media, "hev1: no parameter"));
    const Buffer brief = annex_b({Fields().u16(0x6764), avc_pps()});
    MEZZ_CHECK(refused(config(Codec::h264, brief), ErrorCode::bad_media, "avc3: the first SPS"));
    const Buffer none = annex_b({Fields().u16(0x4001), Fields().u16(0x4201), Fields().u16(0x4401)});
    MEZZ_CHECK(refused(config(Codec::hevc, none), ErrorCode::bad_media, "hev1: the first SPS"));
    Fields many;
    for (unsigned i = 0; i < 32; ++i)
        many.add(annex_b({test::join({avc_sps(), Fields().u8(i + 1)})}));
    many.add(annex_b({avc_pps()}));
    MEZZ_CHECK(refused(config(Codec::h264, many), ErrorCode::unsupported, "avc3: more parameter sets"));
    return test::kFine;
}

static const char* a_file_gets_them_from_its_first_key_frame() {
    const Buffer same = avc_access_unit(avc_pps());
    const auto file = file_of(bare_avc3(), {same, same, same});
    const auto block = test::scan(file.bytes);
    MEZZ_CHECK(block.has_value());
    const auto track = media::FileIndexView(*block).track(0);
    MEZZ_CHECK(track.codec_string() == "avc1.64000c" && track->width == 64);
    MEZZ_CHECK(std::ranges::equal(track.parameter_sets(), annex_b({avc_sps(), avc_pps()})));
    const auto hevc = sample_of(test::hevc_annex_b(), 4, 0x26);
    const auto second = test::scan(file_of(bare_hev1(), {hevc, hevc}).bytes);
    MEZZ_CHECK(second && media::FileIndexView(*second).track(0).codec_string() == "hvc1.1.6.L60.90");
    return test::kFine;
}

static const char* the_entry_tells_of_sets_that_change() {
    const Buffer first = avc_access_unit(avc_pps());
    const Buffer other = avc_access_unit(Fields().u32(0x68EBECB2).u8(0x2C));
    const auto block = test::scan(file_of(bare_avc3(), {first, other, first}).bytes);
    MEZZ_CHECK(block.has_value());
    const auto track = media::FileIndexView(*block).track(0);
    MEZZ_CHECK(track.codec_string() == "avc3.64000c");
    MEZZ_CHECK(std::ranges::equal(track.parameter_sets(), annex_b({avc_sps(), avc_pps()})));
    const Buffer init = mezz::package::write_init_segment(track);
    MEZZ_CHECK(!std::ranges::search(init, mezz::as_bytes("avc3")).empty());
    MEZZ_CHECK(std::ranges::search(init, mezz::as_bytes("avc1")).empty());
    return test::kFine;
}

static const char* says_that_there_are_none() {
    const auto slice = sample_of({}, 4, 0x65);
    const auto file = file_of(bare_avc3(), {slice, slice});
    const auto none = test::scan(file.bytes);
    MEZZ_CHECK(refused(none, ErrorCode::bad_media, "avc3: no parameter sets in avcC nor"));
    MEZZ_CHECK(none.error().offset == file.samples[0][0].offset);
    return test::kFine;
}

int main() {
    const CMUnitTest tests[] = {MEZZ_CHECKED(finds_them_before_the_first_slice),
                                MEZZ_CHECKED(writes_what_hvcc_of_an_encoder_says),
                                MEZZ_CHECKED(writes_avcc),
                                MEZZ_CHECKED(refuses_what_is_not_whole),
                                MEZZ_CHECKED(a_file_gets_them_from_its_first_key_frame),
                                MEZZ_CHECKED(the_entry_tells_of_sets_that_change),
                                MEZZ_CHECKED(says_that_there_are_none)};
    return cmocka_run_group_tests_name("parameter sets", tests, nullptr, nullptr);
}
