// Times and media types.
#include <cstdint>

#include "api/content_type.hpp"
#include "api/times.hpp"
#include "check.hpp"

using mezz::api::canonical_content_type;
using mezz::api::parse_time;
using mezz::api::time_text;
using mezz::test::kFine;

namespace {

std::string in_utc(std::string_view text) {
    const auto time = parse_time(text);
    return time ? time_text(*time) : "none";
}

std::string type(std::string_view text) {
    return canonical_content_type(text).value_or("none");
}

}  // namespace

static const char* times() {
    MEZZ_CHECK(parse_time("1970-01-01T00:00:00Z") == 0 && parse_time("1970-01-01t00:00:01.5z") == 1500000);
    MEZZ_CHECK(in_utc("2026-11-30T12:00:00+01:00") == "2026-11-30T11:00:00Z");
    MEZZ_CHECK(in_utc("2026-11-30T12:00:00.25-00:30") == "2026-11-30T12:30:00.250000Z");
    MEZZ_CHECK(in_utc("2026-11-30T12:00:00.123456789Z") == "2026-11-30T12:00:00.123456Z");
    MEZZ_CHECK(in_utc("2024-02-29T00:00:00+23:59") == "2024-02-28T00:01:00Z");
    MEZZ_CHECK(in_utc("2016-12-31T23:59:60Z") == "2017-01-01T00:00:00Z");
    MEZZ_CHECK(in_utc("0001-01-01T00:00:00Z") == "0001-01-01T00:00:00Z");
    MEZZ_CHECK(in_utc("9999-12-31T23:59:59.999999Z") == "9999-12-31T23:59:59.999999Z");
    MEZZ_CHECK(time_text(-1) == "1969-12-31T23:59:59.999999Z");
    return kFine;
}

static const char* no_times() {
    for (const char* text : {"",
                             "now",
                             "infinity",
                             "2026-11-30",
                             "2026-11-30T12:00:00",
                             "2026-11-30 12:00:00Z",
                             "2026-11-30T12:00Z",
                             "2026-13-01T00:00:00Z",
                             "2026-00-01T00:00:00Z",
                             "2026-02-29T00:00:00Z",
                             "2026-04-31T00:00:00Z",
                             "2026-01-00T00:00:00Z",
                             "2026-01-01T24:00:00Z",
                             "2026-01-01T00:60:00Z",
                             "2026-01-01T00:00:61Z",
                             "2026-01-01T00:00:00.Z",
                             "2026-01-01T00:00:00,5Z",
                             "2026-01-01T00:00:00+1:00",
                             "2026-01-01T00:00:00+0100",
                             "2026-01-01T00:00:00+24:00",
                             "2026-01-01T00:00:00Z ",
                             "02026-01-01T00:00:00Z",
                             "-026-01-01T00:00:00Z",
                             "0000-01-01T00:00:00Z",
                             "0001-01-01T00:00:00+00:01",
                             "9999-12-31T23:59:59-00:01",
                             "9999-12-31T23:59:60Z",
                             "2026-01-01T00:00:00ZZ"})
        MEZZ_CHECK(!parse_time(text));
    MEZZ_CHECK(parse_time("2026-01-01T00:00:00." + std::string(500, '9') + "Z").has_value());
    return kFine;
}

static const char* media_types() {
    MEZZ_CHECK(type("video/mp4") == "video/mp4" && type("Video/MP4") == "video/mp4");
    MEZZ_CHECK(type("  video/mp4 ; Codecs=\"AVC1, mp4a\" ;\tx=y ") == "video/mp4;codecs=\"avc1, mp4a\";x=y");
    MEZZ_CHECK(type("a/b;c=\"x\\\"y\"") == "a/b;c=\"x\\\"y\"");
    MEZZ_CHECK(type("application/vnd.x-y+json") == "application/vnd.x-y+json");
    MEZZ_CHECK(type("a/" + std::string(253, 'b')).size() == 255 &&
               type("a/" + std::string(254, 'b')) == "none");
    for (const char* text : {"",
                             " ",
                             "video",
                             "video/",
                             "/mp4",
                             "video/mp4;",
                             "video/mp4;x",
                             "video/mp4;x=",
                             "video/mp4;=y",
                             "video /mp4",
                             "video/ mp4",
                             "video/mp4 x=y",
                             "video/mp4;x =y",
                             "video/mp4;x=\"",
                             "video/mp4;x=\"a",
                             "video/mp4;x=\"a\\\"",
                             "video/mp4\r\nX: y",
                             "video/mp4;x=\"\n\"",
                             "vid\xC3\xA9o/mp4",
                             "video/mp4/x",
                             "video/mp4,a/b",
                             "*/mp4;x=\"\x7F\""})
        MEZZ_CHECK(type(text) == "none");
    MEZZ_CHECK(type(std::string_view("video/mp4\0", 10)) == "none");
    return kFine;
}

int main() {
    const CMUnitTest tests[] = {MEZZ_CHECKED(times), MEZZ_CHECKED(no_times), MEZZ_CHECKED(media_types)};
    return cmocka_run_group_tests_name("api_forms", tests, nullptr, nullptr);
}
