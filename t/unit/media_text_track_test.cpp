#include <string>

#include "check.hpp"
#include "media/text_parser.hpp"
#include "media/track_about.hpp"
#include "text_track_fixture.hpp"

namespace test = mezz::test;
using mezz::Bytes;
using mezz::ErrorCode;
using mezz::media::TextIndexView;
using test::Buffer;
using test::Fields;
using test::TextSample;

namespace {

// A file of video and one text track, and its index.
struct Made {
    test::Mp4File file;
    Buffer index;
};

Made make(const Buffer& entry, const std::vector<TextSample>& samples, bool video = true) {
    test::FileSpec spec;
    if (video) spec.tracks.push_back(test::video_track(50, 25));
    test::add_text_track(spec, entry, samples);
    Made made;
    made.file = test::make_mp4(spec);
    test::place_texts(made.file, spec.tracks.size() - 1, samples);
    auto index = test::scan(made.file.bytes);
    if (index) made.index = std::move(*index);
    return made;
}

// "START-END settings\ntext\n" of each cue.
std::string cues_of(const Made& made) {
    const mezz::media::FileIndexView index(made.index);
    const auto block = test::read_text(made.file.bytes, index.text(0));
    if (!block) return block.error().text;
    const TextIndexView text(*block);
    std::string all;
    for (std::uint32_t i = 0; i < text.cue_count(); ++i) {
        const auto& cue = text.cues()[i];
        all += std::to_string(cue.start) + '-' + std::to_string(cue.end);
        all += text.body(i);
    }
    return all;
}

std::string tx3g_text(const Buffer& sample, std::uint8_t face = 0) {
    return mezz::media::read_tx3g_sample(sample, face);
}

mezz::media::TrackAbout about_of(const Buffer& mdia, const Buffer& udta) {
    const Buffer trak = test::join({test::box("mdia", mdia), test::box("udta", udta)});
    const mezz::media::Box trak_box{mezz::media::fourcc("trak"), 0, 8, trak};
    return mezz::media::read_track_about(
        trak_box, *mezz::media::require_box(trak_box, mezz::media::fourcc("mdia"), ""));
}

Buffer handler(std::string_view name) {
    return test::full_box("hdlr", 0, 0, Fields().u32(0).text("sbtl").zeros(12).text(name));
}

Buffer kind(std::string_view scheme, std::string_view value) {
    return test::full_box("kind", 0, 0, Fields().text(scheme).u8(0).text(value).u8(0));
}

}  // namespace

static const char* tx3g_cues() {
    const Made made = make(test::tx3g_entry(), {{500, test::tx3g("")},
                                                {1500, test::tx3g("Hello <b>\r\n& all")},
                                                {1000, test::tx3g("")},
                                                {1000, test::tx3g("Two")},
                                                {2000, test::tx3g("Two")},
                                                {1000, test::tx3g("Three")}});
    const mezz::media::FileIndexView index(made.index);
    MEZZ_CHECK(index.track_count() == 1 && index.text_count() == 1 && index.header().broken_texts == 0);
    MEZZ_CHECK(index.text(0)->enabled && !index.text(0)->all_forced && index.text(0)->sample_count == 6);
    MEZZ_CHECK(cues_of(made) == "500-2000\nHello &lt;b&gt;\n&amp; all\n3000-6000\nTwo\n6000-7000\nThree\n");
    return test::kFine;
}

static const char* tx3g_styles() {
    using test::style;
    using test::styles;
    using test::tx3g;
    MEZZ_CHECK(tx3g_text(tx3g("plain")) == "plain" && tx3g_text(tx3g("bold"), 1) == "<b>bold</b>");
    MEZZ_CHECK(tx3g_text(tx3g("Tür auf", styles({style(4, 7, 2)}))) == "Tür <i>auf</i>");
    MEZZ_CHECK(tx3g_text(tx3g("ab", styles({style(0, 1, 7), style(1, 2, 4)}))) ==
               "<b><i><u>a</u></i></b><u>b</u>");
    MEZZ_CHECK(tx3g_text(tx3g("abc", styles({style(0, 1, 0)})), 1) == "a<b>bc</b>");
    // Out of order, beyond the text, more announced than there are.
    MEZZ_CHECK(tx3g_text(tx3g("abc", styles({style(2, 3, 1), style(0, 1, 2)}))) == "ab<b>c</b>");
    MEZZ_CHECK(tx3g_text(tx3g("a", styles({style(5, 900, 1)}))) == "a");
    MEZZ_CHECK(tx3g_text(tx3g("a", test::box("styl", Fields().u16(9).add(style(0, 1, 2))))) == "<i>a</i>");
    MEZZ_CHECK(tx3g_text(tx3g("a", test::join({test::box("hlit", Fields().u32(1)),
                                               styles({style(0, 1, 1)})}))) == "<b>a</b>");
    return test::kFine;
}

static const char* tx3g_characters() {
    const auto utf16 = [](std::string_view text) { return tx3g_text(test::tx3g(text)); };
    MEZZ_CHECK(utf16(std::string_view("\xFE\xFF\0T\0\xFC\xD8\x3D\xDE\0", 10)) == "T\xC3\xBC\xF0\x9F\x98\x80");
    MEZZ_CHECK(utf16(std::string_view("\xFF\xFET\0\xAC\x20", 6)) == "T\xE2\x82\xAC");
    MEZZ_CHECK(utf16(std::string_view("\xFE\xFF\xD8\x3D\0A", 6)) ==
               "\xEF\xBF\xBD"
               "A");
    MEZZ_CHECK(utf16("a\xFF"
                     "b") ==
                   "a\xEF\xBF\xBD"
                   "b" &&
               utf16(" \n ").empty());
    // Cut off: longer than the sample.
    MEZZ_CHECK(tx3g_text(Fields().u16(5).text("abc")).empty() && tx3g_text(Fields().u8(0)).empty());
    return test::kFine;
}

static const char* wvtt_cues() {
    const Buffer first = test::wvtt_cue("<v Ann>One</v> & <x>", "line:0 region:a align:left");
    const Buffer second = test::wvtt_cue("Two");
    const Made made = make(test::wvtt_entry(),
                           {{1000, test::box("vtte", {})},
                            {1000, first},
                            {1000, test::join({first, test::box("vtta", Fields().text("note")), second})},
                            {1000, second},
                            {1000, test::box("vtte", {})},
                            {1000, second}});
    MEZZ_CHECK(
        cues_of(made) ==
        "1000-3000 line:0 align:left\n<v Ann>One</v> &amp; &lt;x&gt;\n2000-4000\nTwo\n5000-6000\nTwo\n");
    // A broken box ends the sample; what came before is kept.
    Buffer broken = test::join({second, Fields().u32(500).text("vttc")});
    MEZZ_CHECK(mezz::media::read_wvtt_sample(broken).size() == 1);
    return test::kFine;
}

static const char* a_file_of_text_only() {
    const Made made = make(test::tx3g_entry(0x80000000, 2), {{1000, test::tx3g("Sign")}}, false);
    const mezz::media::FileIndexView index(made.index);
    MEZZ_CHECK(index.track_count() == 0 && index.text_count() == 1 && index.text(0)->all_forced);
    MEZZ_CHECK(cues_of(made) == "0-1000\n<i>Sign</i>\n");
    return test::kFine;
}

static const char* many_samples() {
    std::vector<TextSample> samples;
    for (int i = 0; i < 3000; ++i)
        samples.push_back({10, test::tx3g(std::to_string(i))});
    const Made made = make(test::tx3g_entry(), samples);
    const mezz::media::FileIndexView index(made.index);
    MEZZ_CHECK(index.text(0).piece_count() == 3);
    const auto block = test::read_text(made.file.bytes, index.text(0));
    MEZZ_CHECK(block && TextIndexView(*block).cue_count() == 3000);
    MEZZ_CHECK(TextIndexView(*block).cues()[2999].start == 29990 &&
               TextIndexView(*block).body(2999) == "\n2999\n");
    MEZZ_CHECK(test::refused(test::read_text(made.file.bytes, index.text(0), 5000), ErrorCode::too_large,
                             "text track"));
    return test::kFine;
}

static const char* a_broken_track_is_left_out() {
    const Made cut = make(test::box("tx3g", Fields().zeros(20)), {{1000, test::tx3g("x")}});
    const mezz::media::FileIndexView index(cut.index);
    MEZZ_CHECK(index.track_count() == 1 && index.text_count() == 0 && index.header().broken_texts == 1);
    test::FileSpec spec;
    spec.tracks.push_back(test::video_track(50, 25));
    test::add_text_track(spec, test::tx3g_entry(), {{1000, test::tx3g("x")}});
    spec.tracks[0].chunks = {50};  // all before the text
    spec.tracks[1].frames[0].size = 1 << 20;
    test::Mp4File file = test::make_mp4(spec);
    file.bytes.resize(file.bytes.size() - 1000);  // its sample is beyond the end
    const auto block = test::scan(file.bytes);
    MEZZ_CHECK(block && mezz::media::FileIndexView(*block).header().broken_texts == 1);
    return test::kFine;
}

static const char* what_a_track_says_of_itself() {
    const Buffer elng = test::full_box("elng", 0, 0, Fields().text("pt-BR").u8(0));
    auto about = about_of(test::join({elng, handler(std::string_view("English (SDH)\0", 14))}),
                          test::join({kind("urn:mpeg:dash:role:2011", "caption"), kind("urn:x", "main")}));
    MEZZ_CHECK(std::string_view(about.language.data()) == "pt-BR");
    MEZZ_CHECK(std::string_view(about.label.data()) == "English (SDH)");
    MEZZ_CHECK(about.roles.caption && !about.roles.main && !about.roles.forced);
    about = about_of(handler(std::string_view("SubtitleHandler\0", 16)),
                     test::box("name", Fields().text("Signs")));
    MEZZ_CHECK(std::string_view(about.label.data()) == "Signs" && about.language[0] == '\0');
    about = about_of(
        handler(std::string_view("SubtitleHandler\0", 16)),
        test::join({kind("urn:mpeg:dash:role:2011", "forced-subtitle"), kind("about:html-kind", "main")}));
    MEZZ_CHECK(about.label[0] == '\0' && about.roles.forced && about.roles.main);
    about = about_of(handler("\x05Songs"), Fields().u32(90).text("kind"));
    MEZZ_CHECK(std::string_view(about.label.data()) == "Songs");
    about = about_of(test::full_box("elng", 0, 0, Fields().text("no language")),
                     test::box("name", Fields().u8(7)));
    MEZZ_CHECK(about.language[0] == '\0' && about.label[0] == '\0');
    return test::kFine;
}

int main() {
    const CMUnitTest tests[] = {MEZZ_CHECKED(tx3g_cues),
                                MEZZ_CHECKED(tx3g_styles),
                                MEZZ_CHECKED(tx3g_characters),
                                MEZZ_CHECKED(wvtt_cues),
                                MEZZ_CHECKED(a_file_of_text_only),
                                MEZZ_CHECKED(many_samples),
                                MEZZ_CHECKED(a_broken_track_is_left_out),
                                MEZZ_CHECKED(what_a_track_says_of_itself)};
    return cmocka_run_group_tests_name("text tracks", tests, nullptr, nullptr);
}
