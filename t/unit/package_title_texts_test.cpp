#include "package/title_texts.hpp"

#include "check.hpp"
#include "text_track_fixture.hpp"
#include "title_fixture.hpp"

namespace test = mezz::test;
using mezz::package::SourceText;
using test::MadeTitle;

namespace {

// A film with text tracks of these languages.
test::Buffer film_with(const std::vector<std::string>& languages, std::uint32_t display_flags = 0) {
    test::FileSpec spec = test::film();
    const std::vector<test::TextSample> samples = {{1000, test::tx3g("x")}};
    for (const std::string& language : languages) {
        test::add_text_track(spec, test::tx3g_entry(display_flags), samples);
        spec.tracks.back().language = language;
    }
    test::Mp4File file = test::make_mp4(spec);
    for (std::size_t t = 2; t < spec.tracks.size(); ++t)
        test::place_texts(file, t, samples);
    return file.bytes;
}

std::string texts_of(MadeTitle& made, std::vector<SourceText> texts = {}) {
    mezz::package::add_track_texts(made.sources(), texts);
    std::string all;
    for (const SourceText& text : texts)
        all += text.name + ':' + text.track + (text.is_default ? "*" : "") + ' ';
    return all;
}

}  // namespace

static const char* one_file() {
    MadeTitle made;
    made.add(film_with({"eng", "eng", "und"}));
    // All are enabled: none is chosen.
    MEZZ_CHECK(texts_of(made) == ":subs-eng :subs-eng :subs-und ");
    MadeTitle single;
    single.add(film_with({"eng"}, 0x80000000));
    MEZZ_CHECK(texts_of(single) == ":subs-eng-forced* ");
    MadeTitle none;
    none.add(film_with({}));
    MEZZ_CHECK(texts_of(none).empty());
    return test::kFine;
}

static const char* several_files() {
    MadeTitle made;
    made.add(film_with({"eng", "und"}), {.name = "a.mp4"});
    made.add(film_with({"eng", "deu", "und"}), {.name = "b.mp4"});
    MEZZ_CHECK(texts_of(made) == "a.mp4:subs-eng a.mp4:subs-und b.mp4:subs-deu ");
    // A file of its own comes before a track of its language and kind.
    MEZZ_CHECK(texts_of(made, {{.name = "x.vtt", .track = "t", .language = "en"},
                               {.name = "y.vtt", .track = "u"}}) ==
               "x.vtt:t y.vtt:u a.mp4:subs-und b.mp4:subs-deu ");
    MEZZ_CHECK(texts_of(made, {{.name = "x.vtt", .track = "t", .language = "en", .is_sdh = true}}) ==
               "x.vtt:t a.mp4:subs-eng a.mp4:subs-und b.mp4:subs-deu ");
    return test::kFine;
}

static const char* the_catalog_comes_first() {
    MadeTitle made;
    made.add(film_with({"eng"}, 0x80000000));
    SourceText text{.language = "en", .label = "Signs"};
    mezz::package::complete_text(made.sources()[0].index.text(0), text);
    MEZZ_CHECK(text.language == "en" && text.label == "Signs" && text.is_forced && !text.is_sdh);
    return test::kFine;
}

int main() {
    const CMUnitTest tests[] = {MEZZ_CHECKED(one_file), MEZZ_CHECKED(several_files),
                                MEZZ_CHECKED(the_catalog_comes_first)};
    return cmocka_run_group_tests_name("title texts", tests, nullptr, nullptr);
}
