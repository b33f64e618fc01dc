// Small pure parts: subtitles' text, languages, orientation, names of files, what the other process says.
#include "check.hpp"
#include "job.hpp"
#include "language.hpp"
#include "orientation.hpp"
#include "staging.hpp"
#include "subtitle_text.hpp"
#include "transcode_report.hpp"

using namespace mezz;
using namespace mezz::worker;

static const char* cue_texts() {
    const std::string head = "0,0,Default,,0,0,0,,";
    MEZZ_CHECK(cue_text(head + "Hello, world") == "Hello, world");
    MEZZ_CHECK(cue_text(head + "a\\Nb\\hc") == "a\nb c");
    MEZZ_CHECK(cue_text(head + "{\\i1}x{\\b1}y{\\i0}z") == "<i>x<b>y</b></i><b>z</b>");
    MEZZ_CHECK(cue_text(head + "{\\an8\\fs20}<script>&") == "&lt;script&gt;&amp;");
    MEZZ_CHECK(cue_text(head + "a\\N\\N\\Nb\\N") == "a\nb");
    MEZZ_CHECK(cue_text(head + "{unclosed") == "{unclosed");
    MEZZ_CHECK(cue_text("no fields").empty());
    MEZZ_CHECK(cue_time(3723004) == "01:02:03.004");
    return test::kFine;
}

static const char* languages() {
    MEZZ_CHECK(language_of("eng").tag == "en" && language_of("eng").name == "English");
    MEZZ_CHECK(language_of("ger").code == "deu" && language_of("de-AT").code == "deu");
    MEZZ_CHECK(language_of("und").tag.empty() && language_of("").code == "und");
    MEZZ_CHECK(language_of("xyz").tag == "xyz" && language_of("mul").tag.empty());
    MEZZ_CHECK(language_of("pt-BR").tag == "pt-BR" && language_of("pt-BR").code == "por");
    MEZZ_CHECK(language_of("por").name == "Portuguese" && language_of("aar").tag == "aa");
    MEZZ_CHECK(language_of("../").code == "und" && language_of("<b>").code == "und");
    return test::kFine;
}

static const char* orientations() {
    constexpr int kOne = 65536;
    const auto of = [](int a, int b, int c, int d) {
        const std::int32_t matrix[9] = {a * kOne, b * kOne, 0, c * kOne, d * kOne, 0, 0, 0, 1 << 30};
        return orientation_of(matrix);
    };
    MEZZ_CHECK(of(1, 0, 0, 1) == Orientation{} && of(1, 0, 0, 1).filters().empty());
    MEZZ_CHECK(of(0, 1, -1, 0).filters() == "transpose=dir=clock,");
    MEZZ_CHECK(of(0, -1, 1, 0).filters() == "transpose=dir=cclock,");
    MEZZ_CHECK(of(-1, 0, 0, -1).filters() == "hflip,vflip,");
    MEZZ_CHECK(of(-1, 0, 0, 1).filters() == "hflip,");
    MEZZ_CHECK(of(0, 1, 1, 0).filters() == "transpose=dir=cclock_flip,");
    MEZZ_CHECK(of(0, 0, 0, 0) == Orientation{});
    return test::kFine;
}

static const char* file_names() {
    for (const char* good : {"720p.mp4", "audio-eng-2.mp4", "subs-eng.vtt", "thumbs/poster.jpg",
                             "thumbs/storyboard_12.jpg", "thumbs/storyboard.vtt", "asset.json"})
        MEZZ_CHECK(is_title_file(good));
    for (const char* bad :
         {"", "/etc/passwd", "../x.mp4", "thumbs/../x.jpg", ".mp4", ".ingest-1/x.mp4", "x.html",
          "thumbs/x.mp4", "thumbs/asset.json", "thumbs/", "a/b.mp4", "x.mp4/", "a b.mp4"})
        MEZZ_CHECK(!is_title_file(bad));
    return test::kFine;
}

static const char* reports() {
    TranscodeReport report;
    report.title = "bad \xff UTF-8";
    report.duration_ms = 5000;
    report.renditions.push_back({"720p", true, 1280, 720, "", "", false});
    report.renditions.push_back({"audio-eng", false, 0, 0, "en", "English", true});
    report.thumbs = MadeThumbs{5, 5, 160, 90, 1, 2};
    const auto read = parse_report(report.to_json());
    MEZZ_CHECK(read && read->renditions.size() == 2 && read->renditions[1].is_default && read->thumbs);
    report.renditions[0].name = "../../etc/x";
    MEZZ_CHECK(!parse_report(report.to_json()));
    for (const char* text : {"", "[]", "{}", "null", R"({"title":1})"})
        MEZZ_CHECK(!parse_report(text));
    return test::kFine;
}

static const char* orders() {
    TranscodeOrder order{.ladder = default_ladder(), .limits = {.memory_mib = 512}, .decoder_threads = 3};
    const auto read = parse_order(order.to_json());
    MEZZ_CHECK(read && read->ladder == order.ladder && read->limits.memory_mib == 512 &&
               read->decoder_threads == 3);
    MEZZ_CHECK(!parse_order("{}") && !parse_order("x"));
    return test::kFine;
}

int main() {
    using test::checked;
    const CMUnitTest tests[] = {
        cmocka_unit_test(checked<cue_texts>),    cmocka_unit_test(checked<languages>),
        cmocka_unit_test(checked<orientations>), cmocka_unit_test(checked<file_names>),
        cmocka_unit_test(checked<reports>),      cmocka_unit_test(checked<orders>)};
    return cmocka_run_group_tests_name("texts", tests, nullptr, nullptr);
}
