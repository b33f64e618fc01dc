#include "core/language.hpp"

#include "check.hpp"

using mezz::canonical_language;
using mezz::three_letter_language;
using mezz::test::kFine;

static const char* the_shortest_code() {
    MEZZ_CHECK(canonical_language("eng") == "en" && canonical_language("en") == "en");
    for (const char* german : {"deu", "ger", "GER", "de", "DE"})
        MEZZ_CHECK(canonical_language(german) == "de");
    MEZZ_CHECK(canonical_language("aar") == "aa" && canonical_language("zul") == "zu");
    MEZZ_CHECK(canonical_language("alb") == "sq" && canonical_language("wel") == "cy");
    MEZZ_CHECK(canonical_language("iw") == "he" && canonical_language("scr") == "hr");
    for (const char* long_only : {"gsw", "fil", "mul", "qaa", "aaa", "zzz"})
        MEZZ_CHECK(canonical_language(long_only) == long_only);
    return kFine;
}

static const char* further_parts() {
    MEZZ_CHECK(canonical_language("eng-us") == "en-US" && canonical_language("pt_br") == "pt-BR");
    MEZZ_CHECK(canonical_language("CHI-HANT-tw") == "zh-Hant-TW" && canonical_language("es-419") == "es-419");
    MEZZ_CHECK(canonical_language("de-CH-x-phonebk-AB") == "de-CH-x-phonebk-ab");
    MEZZ_CHECK(canonical_language("und").empty() && canonical_language("").empty());
    MEZZ_CHECK(canonical_language("UND-latn") == "und-Latn");
    return kFine;
}

static const char* three_letters() {
    MEZZ_CHECK(three_letter_language("de") == "deu" && three_letter_language("de-AT") == "deu");
    MEZZ_CHECK(three_letter_language("gsw-CH") == "gsw" && three_letter_language("zu") == "zul");
    MEZZ_CHECK(three_letter_language("xx").empty() && three_letter_language("x-a").empty() &&
               three_letter_language("").empty());
    return kFine;
}

// No bytes make it longer or fail.
static const char* anything() {
    for (const char* text : {"-", "--", "a-", "-a", "e/n", "\xFF\x80", "a-b-c-d", "en--us"})
        MEZZ_CHECK(canonical_language(text).size() <= std::string_view(text).size());
    return kFine;
}

int main() {
    const CMUnitTest tests[] = {MEZZ_CHECKED(the_shortest_code), MEZZ_CHECKED(further_parts),
                                MEZZ_CHECKED(three_letters), MEZZ_CHECKED(anything)};
    return cmocka_run_group_tests_name("language", tests, nullptr, nullptr);
}
