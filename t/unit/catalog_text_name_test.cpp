#include "catalog/text_name.hpp"

#include "catalog/asset.hpp"
#include "check.hpp"

using mezz::catalog::read_text_name;
using mezz::test::kFine;

namespace {

// "language default forced sdh track"
std::string said(std::string_view name) {
    const auto text = read_text_name(name);
    if (!text) return "none";
    std::string out = text->language;
    for (const auto& [flag, letter] :
         {std::pair(text->is_default, " d"), {text->is_forced, " f"}, {text->is_sdh, " s"}})
        if (flag) out += letter;
    return out + '|' + text->track;
}

}  // namespace

static const char* languages() {
    MEZZ_CHECK(said("subs-eng.vtt") == "en|subs-eng" && said("film.en.vtt") == "en|subs-en");
    MEZZ_CHECK(said("film.pt-BR.srt") == "pt-BR|subs-pt-BR" && said("subs-pt-BR.vtt") == "pt-BR|subs-pt-BR");
    MEZZ_CHECK(said("zh-Hant-TW.vtt") == "zh-Hant-TW|subs-zh-Hant-TW" &&
               said("es-419.vtt") == "es-419|subs-es-419");
    MEZZ_CHECK(said("en.vtt") == "en|subs-en" && said("A.FILM.DE.SRT") == "de|subs-DE");
    MEZZ_CHECK(said("subs-eng-2.vtt") == "en|subs-eng" && said("subs-und.vtt") == "|subs-und");
    MEZZ_CHECK(said("film.vtt") == "|subs-und" && said("my film.srt") == "|subs-und");
    MEZZ_CHECK(said("film.2.en.vtt") == "en|subs-en" && said("film.en.extra.vtt") == "|subs-und");
    return kFine;
}

static const char* kinds() {
    MEZZ_CHECK(said("film.de.forced.srt") == "de f|subs-de-forced");
    MEZZ_CHECK(said("film.en.sdh.vtt") == "en s|subs-en-sdh" && said("film.en.CC.vtt") == "en s|subs-en-sdh");
    MEZZ_CHECK(said("film.en.default.vtt") == "en d|subs-en");
    MEZZ_CHECK(said("film.sdh.forced.en.vtt") ==
               "en|subs-en");  // what stands before the language is the film's
    MEZZ_CHECK(said("subs-eng-forced.vtt") == "en f|subs-eng-forced");
    MEZZ_CHECK(said("subs-eng-sdh-default.vtt") == "en d s|subs-eng-sdh");
    MEZZ_CHECK(said("film.forced.vtt") == " f|subs-und-forced");
    return kFine;
}

static const char* other_files() {
    for (const char* name : {"", "vtt", ".vtt", "film.mp4", "film.en.vtt.bak", "film.ass", "film.vtt/"})
        MEZZ_CHECK(said(name) == "none");
    return kFine;
}

// Whatever a file's name holds, the track's can stand in URLs.
static const char* names_are_renditions() {
    for (const char* name : {"a\"b.vtt", "a b.e\"n.vtt", "\xFF.srt", "x.master.vtt", "subs-.vtt",
                             "subs--.vtt", "..vtt", "en..vtt", ".en.forced.vtt", "subs-abc-DE-Latn.srt",
                             "RFON-TApm-dh-TA.vtt", "ptB-RFON-TApm-dh-TA.vtt", "en-DE-DE-DE-DE-DE.vtt"}) {
        const auto text = read_text_name(name);
        MEZZ_CHECK(text && mezz::catalog::is_rendition_name(text->track));
        MEZZ_CHECK(text->language.empty() || mezz::catalog::is_language_tag(text->language));
    }
    return kFine;
}

int main() {
    const CMUnitTest tests[] = {MEZZ_CHECKED(languages), MEZZ_CHECKED(kinds), MEZZ_CHECKED(other_files),
                                MEZZ_CHECKED(names_are_renditions)};
    return cmocka_run_group_tests_name("text_name", tests, nullptr, nullptr);
}
