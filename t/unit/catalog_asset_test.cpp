#include "catalog/asset.hpp"

#include <string>

#include "check.hpp"
#include "mp4_driver.hpp"

namespace test = mezz::test;
using mezz::ErrorCode;
using mezz::catalog::is_language_tag;
using mezz::catalog::is_plain_file_name;
using mezz::catalog::is_rendition_name;
using mezz::catalog::parse_asset;
using test::refused;

namespace {

std::string with_renditions(const std::string& renditions) {
    return R"({"version":1,"revision":3,"renditions":)" + renditions + "}";
}

std::string one(const std::string& members) {
    return with_renditions("[{" + members + "}]");
}

bool bad(const std::string& json, std::string_view text) {
    return refused(parse_asset(json), ErrorCode::bad_media, text);
}

}  // namespace

static const char* reads_an_asset() {
    const auto asset =
        parse_asset(R"({"version":1,"revision":18446744073709551615,"title":"é \u0022x","later":{"a":[1]},
        "renditions":[{"name":"720p","file":"720p.mp4"},
        {"name":"audio-eng","file":"a b.mp4","language":"pt-BR","label":"English","default":true,"bandwidth":1}]})");
    MEZZ_CHECK(asset && asset->revision == UINT64_MAX && asset->title == "é \"x" &&
               asset->renditions.size() == 2);
    const auto& video = asset->renditions[0];
    MEZZ_CHECK(video.name == "720p" && video.file == "720p.mp4" && video.language.empty() &&
               !video.is_default);
    const auto& audio = asset->renditions[1];
    MEZZ_CHECK(audio.name == "audio-eng" && audio.file == "a b.mp4" && audio.language == "pt-BR");
    MEZZ_CHECK(audio.label == "English" && audio.is_default);
    return test::kFine;
}

static const char* names_the_wrong_member() {
    MEZZ_CHECK(bad("", "asset.json: is no JSON object") && bad("[]", "asset.json: is no JSON object"));
    MEZZ_CHECK(bad("{\"version\":1,", "asset.json: is no JSON object") &&
               bad("{} {}", "asset.json: is no JSON"));
    MEZZ_CHECK(bad(std::string(200000, '['), "asset.json: is no JSON object"));
    for (const char* version : {"2", "\"1\"", "1.0", "-1", "null", "true", "[1]"})
        MEZZ_CHECK(
            bad(std::string(R"({"revision":1,"version":)") + version + "}", "asset.json: \"version\""));
    for (const char* revision : {"-1", "1.5", "\"1\"", "1e30", "null", "{}"})
        MEZZ_CHECK(
            bad(std::string(R"({"version":1,"revision":)") + revision + "}", "asset.json: \"revision\""));
    MEZZ_CHECK(bad(R"({"version":1})", "asset.json: \"revision\"") && bad("{}", "asset.json: \"version\""));
    MEZZ_CHECK(bad(R"({"version":1,"revision":1,"title":5})", "asset.json: \"title\""));
    MEZZ_CHECK(bad(R"({"version":1,"revision":1})", "asset.json: \"renditions\""));
    for (const char* list : {"[]", "{}", "null", "\"x\""})
        MEZZ_CHECK(bad(with_renditions(list), "asset.json: \"renditions\""));
    MEZZ_CHECK(bad(with_renditions("[5]"), "asset.json: a rendition is no object"));
    return test::kFine;
}

static const char* checks_each_rendition() {
    MEZZ_CHECK(parse_asset(one(R"("name":"a","file":"b")")).has_value());
    MEZZ_CHECK(bad(one(R"("file":"b")"), "asset.json: a rendition's \"name\""));
    MEZZ_CHECK(bad(one(R"("name":5,"file":"b")"), "asset.json: a rendition's \"name\""));
    MEZZ_CHECK(bad(one(R"("name":"a_1","file":"b")"), "asset.json: a rendition's \"name\""));
    MEZZ_CHECK(bad(one(R"("name":"a")"), "asset.json: a rendition's \"file\""));
    MEZZ_CHECK(bad(one(R"("name":"a","file":"../b")"), "asset.json: a rendition's \"file\""));
    MEZZ_CHECK(bad(one(R"("name":"a","file":"b\u0000.mp4")"), "asset.json: a rendition's \"file\""));
    MEZZ_CHECK(bad(one(R"("name":"a","file":"b","language":7)"), "asset.json: \"language\""));
    MEZZ_CHECK(bad(one(R"("name":"a","file":"b","language":"e/n")"), "asset.json: \"language\""));
    MEZZ_CHECK(bad(one(R"("name":"a","file":"b","label":[])"), "asset.json: \"language\" and \"label\""));
    MEZZ_CHECK(bad(one(R"("name":"a","file":"b","default":1)"), "asset.json: \"default\""));
    MEZZ_CHECK(bad(one(R"("name":"a","file":"b","described":1)"), "asset.json: \"default\""));
    const auto said = parse_asset(one(R"("name":"a","file":"b","described":true,"commentary":true)"));
    MEZZ_CHECK(said && said->renditions[0].is_described && said->renditions[0].is_commentary);
    MEZZ_CHECK(bad(with_renditions(R"([{"name":"a","file":"b"},{"name":"a","file":"c"}])"),
                   "asset.json: two renditions"));
    std::string many = "[";
    for (int i = 0; i < 65; ++i)
        many += (i > 0 ? ",{\"name\":\"r" : "{\"name\":\"r") + std::to_string(i) + "\",\"file\":\"f\"}";
    MEZZ_CHECK(bad(with_renditions(many + "]"), "asset.json: \"renditions\""));
    return test::kFine;
}

static const char* reads_what_the_worker_tells() {
    const auto asset = parse_asset(
        R"({"version":1,"revision":3,"duration_ms":9000,"renditions":[{"name":"720p","file":"720p.mp4",
        "width":1280,"height":720,"codecs":"avc1.64001f","bandwidth":3000000}],
        "thumbs":{"poster":"thumbs/poster.jpg","storyboard":"thumbs/storyboard.vtt","sheets":2,"interval":2.5,
        "tile_width":160,"tile_height":90,"rows":4}})");
    MEZZ_CHECK(asset && asset->duration_ms == 9000 && asset->renditions[0].width == 1280);
    MEZZ_CHECK(asset->renditions[0].height == 720 && asset->renditions[0].codecs == "avc1.64001f" &&
               asset->renditions[0].bandwidth == 3000000);
    MEZZ_CHECK(asset->thumbs.poster && asset->thumbs.storyboard && asset->thumbs.sheets == 2);
    MEZZ_CHECK(asset->thumbs.interval_ms == 2500 && asset->thumbs.columns == 5 && asset->thumbs.rows == 4 &&
               asset->thumbs.tile_width == 160 && asset->thumbs.tile_height == 90);
    const auto plain = parse_asset(one(R"("name":"a","file":"b")"));
    MEZZ_CHECK(plain && !plain->thumbs.poster && !plain->thumbs.storyboard && plain->thumbs.sheets == 0 &&
               plain->duration_ms == 0 && plain->renditions[0].height == 0);
    for (const char* facts : {R"("height":-1)", R"("height":"720")", R"("width":65536)", R"("codecs":"a\"b")",
                              R"("codecs":7)", R"("bandwidth":1.5)", R"("bandwidth":1e30)"})
        MEZZ_CHECK(bad(one(std::string(R"("name":"a","file":"b",)") + facts), "asset.json: \"width\""));
    return test::kFine;
}

static const char* thumbs_have_fixed_names() {
    const auto with = [](const std::string& thumbs) {
        return R"({"version":1,"revision":3,"renditions":[{"name":"a","file":"b"}],"thumbs":)" + thumbs + "}";
    };
    MEZZ_CHECK(parse_asset(with("{}")) && parse_asset(with(R"({"poster":"thumbs/poster.jpg"})")));
    for (const char* thumbs : {"[]", "null", "7"})
        MEZZ_CHECK(bad(with(thumbs), "asset.json: \"thumbs\""));
    for (const char* thumbs :
         {R"({"poster":"poster.jpg"})", R"({"poster":"thumbs/../poster.jpg"})", R"({"poster":7})",
          R"({"poster":null})", R"({"poster":"/etc/passwd"})", R"({"storyboard":"thumbs/poster.jpg"})",
          R"({"storyboard":"../thumbs/storyboard.vtt","sheets":1})"})
        MEZZ_CHECK(bad(with(thumbs), "asset.json: pictures"));
    for (const char* sheets : {"-1", "0", "\"1\"", "1.5", "100001", "null"})
        MEZZ_CHECK(bad(with(R"({"storyboard":"thumbs/storyboard.vtt","sheets":)" + std::string(sheets) + "}"),
                       "asset.json: \"sheets\""));
    MEZZ_CHECK(bad(with(R"({"storyboard":"thumbs/storyboard.vtt"})"), "asset.json: \"sheets\""));
    MEZZ_CHECK(bad(with(R"({"sheets":3})"), "asset.json: \"sheets\""));
    for (const char* tiles :
         {R"({"interval":0})", R"({"interval":"2"})", R"({"interval":1e9})", R"({"columns":65})",
          R"({"interval":1,"rows":0})", R"({"tile_width":-1})", R"({"tile_height":4097})"})
        MEZZ_CHECK(bad(with(tiles), "asset.json: what \"thumbs\""));
    return test::kFine;
}

static const char* reads_subtitles() {
    const auto with = [](const std::string& list) {
        return R"({"version":1,"revision":3,"renditions":[{"name":"a","file":"b"}],"subtitles":)" + list +
               "}";
    };
    const auto asset = parse_asset(with(
        R"([{"name":"subs-eng","file":"subs-eng.vtt","language":"en","label":"English","default":true},
            {"name":"subs-deu","file":"x.srt","forced":true,"sdh":false,"later":1}])"));
    MEZZ_CHECK(asset && asset->subtitles.size() == 2);
    const auto& english = asset->subtitles[0];
    MEZZ_CHECK(english.name == "subs-eng" && english.file == "subs-eng.vtt" && english.language == "en");
    MEZZ_CHECK(english.label == "English" && english.is_default && !english.is_forced && !english.is_sdh);
    MEZZ_CHECK(asset->subtitles[1].is_forced && !asset->subtitles[1].is_default);
    MEZZ_CHECK(parse_asset(with("[]"))->subtitles.empty());
    for (const char* list : {"{}", "null", "7", "\"x\""})
        MEZZ_CHECK(bad(with(list), "asset.json: \"subtitles\""));
    for (const char* item : {"7", "{}", R"({"name":"a_b","file":"f"})", R"({"file":"f"})"})
        MEZZ_CHECK(bad(with("[" + std::string(item) + "]"), "asset.json: a \"name\" in"));
    for (const char* item : {R"({"name":"s"})", R"({"name":"s","file":"../f"})", R"({"name":"s","file":7})"})
        MEZZ_CHECK(bad(with("[" + std::string(item) + "]"), "asset.json: a \"file\" in"));
    for (const char* item : {R"("language":7)", R"("language":"e/n")", R"("label":[])"})
        MEZZ_CHECK(bad(with(R"([{"name":"s","file":"f",)" + std::string(item) + "}]"),
                       "asset.json: \"language\" or"));
    for (const char* item : {R"("default":1)", R"("forced":"yes")", R"("sdh":null)"})
        MEZZ_CHECK(bad(with(R"([{"name":"s","file":"f",)" + std::string(item) + "}]"),
                       "asset.json: \"default\", \"forced\""));
    for (const char* list :
         {R"([{"name":"a","file":"f"}])", R"([{"name":"s","file":"f"},{"name":"s","file":"g"}])"})
        MEZZ_CHECK(bad(with(list), "asset.json: two renditions"));
    return test::kFine;
}

static const char* names_that_can_stand_in_urls() {
    MEZZ_CHECK(is_rendition_name("720p") && is_rendition_name("1080p-hevc.2") &&
               is_rendition_name(std::string(40, 'x')));
    MEZZ_CHECK(!is_rendition_name("") && !is_rendition_name("master") &&
               !is_rendition_name(std::string(41, 'x')));
    for (const char* name : {"a_b", "a/b", "a b", "a\"", "a?", "a%", "é", "a\n", "$Number$"})
        MEZZ_CHECK(!is_rendition_name(name));
    MEZZ_CHECK(is_language_tag("en") && is_language_tag("pt-BR") && is_language_tag("de-CH-1996"));
    for (const char* tag : {"", "-", "en-", "-en", "en_US", "e n", "en\"", "abcdefghijklmnop"})
        MEZZ_CHECK(!is_language_tag(tag));
    return test::kFine;
}

static const char* files_of_the_folder_itself() {
    MEZZ_CHECK(is_plain_file_name("a.mp4") && is_plain_file_name("a..b") &&
               is_plain_file_name(std::string(255, 'x')));
    for (const char* name : {"", ".", "..", ".hidden", "/etc/passwd", "../x", "a/b", "a/"})
        MEZZ_CHECK(!is_plain_file_name(name));
    MEZZ_CHECK(!is_plain_file_name(std::string(256, 'x')) &&
               !is_plain_file_name(std::string_view("a\0b", 3)));
    return test::kFine;
}

int main() {
    const CMUnitTest tests[] = {MEZZ_CHECKED(reads_an_asset),
                                MEZZ_CHECKED(names_the_wrong_member),
                                MEZZ_CHECKED(checks_each_rendition),
                                MEZZ_CHECKED(reads_what_the_worker_tells),
                                MEZZ_CHECKED(thumbs_have_fixed_names),
                                MEZZ_CHECKED(reads_subtitles),
                                MEZZ_CHECKED(names_that_can_stand_in_urls),
                                MEZZ_CHECKED(files_of_the_folder_itself)};
    return cmocka_run_group_tests_name("asset", tests, nullptr, nullptr);
}
