#include "core/text.hpp"

#include "core/short_text.hpp"

#include "check.hpp"

using mezz::append_number;
using mezz::append_quoted;
using mezz::append_seconds;
using mezz::append_xml;

namespace {

template <class Append>
std::string made_by(Append append) {
    std::string out = "<";
    append(out);
    return out;
}

std::string seconds(std::uint64_t micros) {
    std::string out;
    append_seconds(out, micros);
    return out;
}

std::string xml(std::string_view text) {
    std::string out;
    append_xml(out, text);
    return out;
}

std::string quoted(std::string_view text) {
    std::string out;
    append_quoted(out, text);
    return out;
}

}  // namespace

static const char* numbers_are_decimal() {
    MEZZ_CHECK(made_by([](auto& out) { append_number(out, 0U); }) == "<0");
    MEZZ_CHECK(made_by([](auto& out) { append_number(out, INT64_MIN); }) == "<-9223372036854775808");
    MEZZ_CHECK(made_by([](auto& out) { append_number(out, UINT64_MAX); }) == "<18446744073709551615");
    return mezz::test::kFine;
}

static const char* seconds_have_six_decimals() {
    MEZZ_CHECK(seconds(0) == "0.000000");
    MEZZ_CHECK(seconds(1) == "0.000001");
    MEZZ_CHECK(seconds(999999) == "0.999999");
    MEZZ_CHECK(seconds(1000000) == "1.000000");
    MEZZ_CHECK(seconds(6006000) == "6.006000");
    MEZZ_CHECK(seconds(UINT64_MAX) == "18446744073709.551615");
    return mezz::test::kFine;
}

static const char* xml_attributes_stay_closed() {
    MEZZ_CHECK(xml("a&b<c>\"d'") == "a&amp;b&lt;c&gt;&quot;d'");
    MEZZ_CHECK(xml(std::string_view("a\0b\n\tc\x1F", 7)) == "abc");
    MEZZ_CHECK(xml("é√") == "é√");
    return mezz::test::kFine;
}

static const char* quoted_strings_stay_closed() {
    MEZZ_CHECK(quoted("a\"b\",URI=\"x") == "a'b',URI='x");
    MEZZ_CHECK(quoted("a\r\n#EXT") == "a  #EXT");
    MEZZ_CHECK(quoted("é,=") == "é,=");
    return mezz::test::kFine;
}

// The same characters, whether or not they fit.
static const char* short_texts_may_be_long() {
    std::string all;
    mezz::ShortText<8> text;
    for (int i = 0; i < 30; ++i) {
        MEZZ_CHECK(text.view() == all);
        const std::string part(static_cast<std::size_t>(i % 4), static_cast<char>('a' + i % 26));
        text += part;
        text += std::to_string(i - 3);
        all += part + std::to_string(i - 3);
    }
    MEZZ_CHECK(std::string_view(text) == all);
    mezz::ShortText<4> full;
    full += "1234";
    MEZZ_CHECK(full.view() == "1234");
    full.append_raw(std::uint16_t{0x4141});
    MEZZ_CHECK(full.view() == "1234AA");
    return mezz::test::kFine;
}

int main() {
    const CMUnitTest tests[] = {MEZZ_CHECKED(numbers_are_decimal), MEZZ_CHECKED(seconds_have_six_decimals),
                                MEZZ_CHECKED(xml_attributes_stay_closed),
                                MEZZ_CHECKED(quoted_strings_stay_closed),
                                MEZZ_CHECKED(short_texts_may_be_long)};
    return cmocka_run_group_tests_name("text", tests, nullptr, nullptr);
}
