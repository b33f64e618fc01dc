#include "package/playback_query.hpp"

#include <string>

#include "check.hpp"
#include "media/codec.hpp"

namespace test = mezz::test;
using mezz::ErrorCode;
using mezz::media::Codec;
using mezz::package::parse_playback_query;
using mezz::package::PlaybackQuery;

namespace {

PlaybackQuery read(std::string_view query) {
    return parse_playback_query(query).value();
}

bool refused(std::string_view query, std::string_view name) {
    const auto found = parse_playback_query(query);
    return !found && found.error().code == ErrorCode::bad_request &&
           std::string_view(found.error().text).find(name) != std::string_view::npos;
}

constexpr std::uint32_t bit(Codec codec) {
    return 1U << static_cast<unsigned>(codec);
}

}  // namespace

static const char* heights_and_codecs() {
    const auto all = read("").filter;
    MEZZ_CHECK(all.passes_all() && read("").clip.is_whole() &&
               read("token=a.b&x&=&&y=1").filter.passes_all());
    const auto some = read("token=a.b&max_height=720&codec=h264,aac&min_height=360").filter;
    MEZZ_CHECK(some.max_height == 720 && some.min_height == 360 && !some.passes_all());
    MEZZ_CHECK(some.codecs == (bit(Codec::h264) | bit(Codec::aac)));
    MEZZ_CHECK(read("codec=av1%2Cvp9%2cflac").filter.codecs ==
               (bit(Codec::av1) | bit(Codec::vp9) | bit(Codec::flac)));
    MEZZ_CHECK(read("codec=hevc,mp3,ac3,eac3,opus").filter.codecs ==
               (bit(Codec::hevc) | bit(Codec::mp3) | bit(Codec::ac3) | bit(Codec::eac3) | bit(Codec::opus)));
    MEZZ_CHECK(read("max_height=1&min_height=1").filter.max_height == 1);
    return test::kFine;
}

static const char* wrong_heights_and_codecs() {
    for (const char* value : {"", "0", "-1", "+7", "1.5", "720p", "65536", "99999999999", " 7", "7 ", "%"}) {
        MEZZ_CHECK(refused("max_height=" + std::string(value), value[0] == '%' ? "query" : "max_height"));
        MEZZ_CHECK(refused("a=b&min_height=" + std::string(value), value[0] == '%' ? "query" : "min_height"));
    }
    for (const char* value : {"", "h265", "H264", "h264,", ",h264", "h264,,aac", "h264 aac", "avc1"})
        MEZZ_CHECK(refused("codec=" + std::string(value), "codec"));
    MEZZ_CHECK(refused("max_height=360&min_height=361", "min_height is above"));
    MEZZ_CHECK(refused("max_height=360&max_height=360", "twice") && refused("from=1&from", "twice"));
    return test::kFine;
}

static const char* parts_of_a_title() {
    const auto both = read("from=1.5&to=12").clip;
    MEZZ_CHECK(both.from == 1500000 && both.to == 12000000);
    MEZZ_CHECK(read("from=0").clip.from == 0 && !read("from=0").clip.to && !read("from=0").clip.is_whole());
    MEZZ_CHECK(!read("to=7").clip.from && read("to=7").clip.to == 7000000);
    MEZZ_CHECK(read("from=12.33333333333333333&to=999999999.999999").clip.from == 12333333);
    MEZZ_CHECK(read("to=999999999.999999").clip.to == 999999999999999);
    MEZZ_CHECK(read("from=007.5&to=7.501").clip.from == 7500000 && read("from=%31").clip.from == 1000000);
    for (const char* value : {"", ".", "1.", ".5", "-1", "+1", "1e3", "1,5", "1:00", "nan", "inf", "0x1",
                              "1.5.5", "1234567890", " 1"}) {
        MEZZ_CHECK(refused("from=" + std::string(value), "from"));
        MEZZ_CHECK(refused("to=" + std::string(value), "to"));
    }
    MEZZ_CHECK(refused("from=2&to=2", "after") && refused("from=3&to=2", "after") &&
               refused("to=0", "after"));
    MEZZ_CHECK(refused("from=2&to=2.000999", "after"));
    return test::kFine;
}

int main() {
    const CMUnitTest tests[] = {MEZZ_CHECKED(heights_and_codecs), MEZZ_CHECKED(wrong_heights_and_codecs),
                                MEZZ_CHECKED(parts_of_a_title)};
    return cmocka_run_group_tests_name("query", tests, nullptr, nullptr);
}
