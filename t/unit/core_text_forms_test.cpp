#include "check.hpp"
#include "core/percent.hpp"
#include "core/utf8.hpp"
#include "core/uuid.hpp"

using mezz::append_percent_encoded;
using mezz::canonical_uuid;
using mezz::count_code_points;
using mezz::is_control;
using mezz::percent_decoded;
using mezz::test::kFine;

static const char* uuids() {
    MEZZ_CHECK(canonical_uuid("01234567-89AB-cDeF-0123-456789abcdef") ==
               "01234567-89ab-cdef-0123-456789abcdef");
    for (const char* text : {"", "0123456789abcdef0123456789abcdef", "{1234567-89ab-cdef-0123-456789abcdef}",
                             "01234567-89ab-cdef-0123-456789abcde", "01234567-89ab-cdef-0123-456789abcdef0",
                             "01234567-89ab-cdef-0123-456789abcdeg", "012345678-9ab-cdef-0123-456789abcdef",
                             "01234567_89ab_cdef_0123_456789abcdef", " 1234567-89ab-cdef-0123-456789abcdef",
                             "01234567-89ab-cdef-0123-456789abcd\xC3\xA9"})
        MEZZ_CHECK(!canonical_uuid(text));
    return kFine;
}

static const char* utf8() {
    MEZZ_CHECK(count_code_points("") == 0 && count_code_points("aé字😀") == 4);
    MEZZ_CHECK(count_code_points("\xF4\x8F\xBF\xBF") == 1 &&
               count_code_points("\xED\x9F\xBF\xEE\x80\x80") == 2);
    MEZZ_CHECK(count_code_points(std::string_view("a\0b", 3)) == 3);
    for (const char* text : {"\x80", "\xC0\x80", "\xC1\xBF", "\xC3", "\xC3(", "\xE0\x80\x80", "\xE0\x9F\xBF",
                             "\xED\xA0\x80", "\xED\xBF\xBF", "\xF0\x80\x80\x80", "\xF0\x8F\xBF\xBF",
                             "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xFF", "\xE5\xAD", "a\xF0\x9F\x98"})
        MEZZ_CHECK(!count_code_points(text));
    MEZZ_CHECK(is_control(0) && is_control('\n') && is_control(0x7F) && is_control(0x85) &&
               is_control(0x2028));
    MEZZ_CHECK(!is_control(' ') && !is_control(0xA0) && !is_control(0x202E) && !is_control(0x1F600));
    return kFine;
}

static const char* percent() {
    std::string out;
    append_percent_encoded(out, std::string_view("aZ09-._~ %+&=/\xC3\xA9\0", 17));
    MEZZ_CHECK(out == "aZ09-._~%20%25%2B%26%3D%2F%C3%A9%00");
    MEZZ_CHECK(percent_decoded(out) == std::string("aZ09-._~ %+&=/\xC3\xA9\0", 17));
    MEZZ_CHECK(percent_decoded("%c3%A9+") == "\xC3\xA9+" && percent_decoded("") == "");
    for (const char* text : {"%", "%4", "a%", "%zz", "%4g", "%-1", "% 4", "%%41"})
        MEZZ_CHECK(!percent_decoded(text));
    return kFine;
}

int main() {
    const CMUnitTest tests[] = {MEZZ_CHECKED(uuids), MEZZ_CHECKED(utf8), MEZZ_CHECKED(percent)};
    return cmocka_run_group_tests_name("text_forms", tests, nullptr, nullptr);
}
