#include "media/text_parser.hpp"

#include "check.hpp"
#include "media/text_markup.hpp"

using mezz::ErrorCode;
using mezz::media::clean_settings;
using mezz::media::Cue;
using mezz::media::parse_text_file;
using mezz::media::pop_cue_time;
using mezz::media::TextIndexView;
using mezz::test::kFine;

namespace {

// Each cue as "start-end[ settings]|text;".
std::string cues(std::string_view file) {
    const auto found = parse_text_file(file);
    if (!found) return std::string("error ") + found.error().text;
    std::string out;
    for (const Cue& cue : *found) {
        out += std::to_string(cue.start) + '-' + std::to_string(cue.end);
        if (!cue.settings.empty()) out += ' ' + cue.settings;
        out += '|' + cue.text + ';';
    }
    return out;
}

std::string vtt(const std::string& cue) {
    return "WEBVTT\n\n00:01.000 --> 00:02.000" + cue;
}

std::string vtt_text(const std::string& text) {
    const std::string all = cues(vtt("\n" + text));
    return all.starts_with("1000-2000|") ? all.substr(10) : all;
}

std::string srt_text(const std::string& text) {
    return cues("1\n00:00:01,000 --> 00:00:02,000\n" + text);
}

std::optional<std::uint32_t> time_of(std::string_view text) {
    const auto ms = pop_cue_time(text);
    return text.empty() ? ms : std::nullopt;
}

}  // namespace

static const char* webvtt() {
    MEZZ_CHECK(cues("WEBVTT - a title\nX-TIMESTAMP-MAP=LOCAL:00:00:00.000,MPEGTS:900000\n\n"
                    "NOTE nothing\nhere\n\nSTYLE\n::cue { color: red }\n\nREGION\nid:r\n\n"
                    "first\n00:01.000 --> 01:00:02.500 line:0 region:r\nOne\ntwo\n\n\n"
                    "00:00:03.000\t-->\t00:00:04.000\nThree") ==
               "1000-3602500 line:0|One\ntwo;3000-4000|Three;");
    MEZZ_CHECK(cues("WEBVTT") == "" && cues("WEBVTT\n") == "" && cues("WEBVTT\t\n\nx") == "");
    MEZZ_CHECK(cues("WEBVTT\n00:01.000 --> 00:02.000\nno empty line\n00:02.000 --> 00:03.000\nnor here") ==
               "1000-2000|no empty line;2000-3000|nor here;");
    return kFine;
}

static const char* srt() {
    MEZZ_CHECK(
        cues("1\n00:00:01,000 --> 00:00:02,500\nOne\ntwo\n\n2\n0:00:03,5 --> 0:00:04,000 X1:1 X2:2\n3\n") ==
        "1000-2500|One\ntwo;3500-4000|3;");
    // The empty line between is missing.
    MEZZ_CHECK(cues("1\n00:00:01,000 --> 00:00:02,000\nOne\n2\n00:00:03,000 --> 00:00:04,000\nTwo") ==
               "1000-2000|One;3000-4000|Two;");
    MEZZ_CHECK(cues("00:00:01,000 --> 00:00:02,000\na --> b") == "1000-2000|a --&gt; b;");
    return kFine;
}

static const char* line_ends_and_marks() {
    for (const char* end : {"\n", "\r\n", "\r"}) {
        std::string text;
        for (const char c : std::string_view(
                 "\xEF\xBB\xBFWEBVTT\n\n00:01.000 --> 00:02.000\na\nb\n\n00:03.000 --> 00:04.000\nc\n"))
            text += c == '\n' ? end : std::string(1, c);
        MEZZ_CHECK(cues(text) == "1000-2000|a\nb;3000-4000|c;");
    }
    using namespace std::string_literals;
    MEZZ_CHECK(vtt_text("a\0b\x01\x1B[c\x7F\xFF\xC3\xA9\xED\xA0\x80"s) ==
               "a\xEF\xBF\xBD"
               "b[c\xEF\xBF\xBD\xC3\xA9\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD;");
    return kFine;
}

static const char* what_is_no_text_track() {
    MEZZ_CHECK(cues("") == "error text track: neither WebVTT nor SRT");
    MEZZ_CHECK(cues("WEBVTTX\n\nhello") == "error text track: neither WebVTT nor SRT");
    MEZZ_CHECK(cues(std::string(100, '\0')) == "error text track: neither WebVTT nor SRT");
    MEZZ_CHECK(cues("1\n00:00:01 --> 00:00:02\nx") == "error text track: neither WebVTT nor SRT");
    MEZZ_CHECK(cues(std::string(mezz::media::kLargestTextFile + 1, ' ')) == "error text track: over 16 MiB");
    std::string many = "WEBVTT\n\n";
    for (std::size_t i = 0; i <= mezz::media::kMostCues; ++i)
        many += "00:01.000 --> 00:02.000\nx\n\n";
    MEZZ_CHECK(cues(many) == "error text track: over 100000 cues");
    return kFine;
}

static const char* times() {
    MEZZ_CHECK(time_of("00:00.000") == 0U && time_of("01:02:03.004") == 3723004U);
    MEZZ_CHECK(time_of("1:02:03,4") == 3723400U && time_of("999:59:59.999") == 3599999999U);
    for (const char* text : {"", "1.000", "00:60.000", "60:00.000", "00:00", "00:00.", "00:00.0001",
                             "1000:00:00.000", "99999999999999999999:00:00.000", "-1:00:00.000",
                             "00:00:00:00.0", "0:000:00.000", "00:00;000", "00::00.000", "00:00.000 "})
        MEZZ_CHECK(!time_of(text));
    for (const char* bad : {"00:02.000 --> 00:01.000", "00:02.000 --> 00:02.000", "00:01.000 -> 00:02.000",
                            "00:01.000 --> 00:02.000line:0", "x 00:01.000 --> 00:02.000",
                            "00:01.000 --> 99999:00:00.000", "00:01.000 -->", "--> 00:02.000", "-->"})
        MEZZ_CHECK(cues("WEBVTT\n\n" + std::string(bad) + "\nx") == "");
    return kFine;
}

static const char* settings() {
    MEZZ_CHECK(clean_settings("line:0  align:left\tposition:10%,line-left size:80% vertical:rl") ==
               "line:0 align:left position:10%,line-left size:80% vertical:rl");
    MEZZ_CHECK(clean_settings("line:-1,end position:99.5%") == "line:-1,end position:99.5%");
    for (const char* bad :
         {"line:", "line:1%%", "line:101%", "line:100.1%", "line:x", "line:1.5", "line:1,middle",
          "position:10", "size:-1%", "align:middle", "vertical:up", "region:r", "LINE:0", "line", ":",
          "line:99999", "color:red", "line:0\"", "align:left,start"})
        MEZZ_CHECK(clean_settings(bad).empty());
    MEZZ_CHECK(clean_settings("line:1 line:2 bad align:end") == "line:1 align:end");
    return kFine;
}

static const char* tags_of_webvtt() {
    for (const char* text : {"<i>a</i>", "<b><u>a</u></b>", "<c.yellow.bg_blue>a</c>", "<v Mary Ann>hi</v>",
                             "<v.loud Mary>hi</v>", "<lang en-GB>a</lang>", "<ruby>a<rt>b</rt></ruby>",
                             "a<00:00:01.500>b", "a &amp; b &lt;&gt;&nbsp;&lrm;&#x41;&#65;", "<i>a\nb</i>"})
        MEZZ_CHECK(vtt_text(text) == std::string(text) + ';');
    MEZZ_CHECK(vtt_text("<i>a") == "<i>a</i>;" && vtt_text("a</i>") == "a;");
    MEZZ_CHECK(vtt_text("<b><i>a</b>c</i>") == "<b><i>a</i></b>c;");
    MEZZ_CHECK(vtt_text("<script>x</script>") == "&lt;script&gt;x&lt;/script&gt;;");
    MEZZ_CHECK(vtt_text("a < b > c & d &; &#; &#xg;") == "a &lt; b &gt; c &amp; d &amp;; &amp;#; &amp;#xg;;");
    MEZZ_CHECK(vtt_text("<font color=\"red\">a</font>") == "a;" &&
               vtt_text("<i onclick=x>a</i>") == "<i>a</i>;");
    MEZZ_CHECK(vtt_text("<v A&B&amp;>hi</v>") == "<v A&amp;B&amp;>hi</v>;" &&
               vtt_text("<00:99.000>a") == "&lt;00:99.000&gt;a;");
    return kFine;
}

static const char* text_stays_in_its_cue() {
    MEZZ_CHECK(vtt_text("a\n<font></font>\nb") == "a\nb;");  // no empty line
    MEZZ_CHECK(vtt_text("<v a-->b") == "" && vtt_text("<c.a--\n>b").find("-->") == std::string::npos);
    MEZZ_CHECK(vtt_text("<i></i>") == "" && vtt_text("  ") == "" && vtt_text("<font>") == "");
    std::string deep;
    for (int i = 0; i < 1000; ++i)
        deep += "<i>";
    const std::string found = vtt_text(deep + "x");
    MEZZ_CHECK(found.size() == 16 * 7 + 2 && found.ends_with("</i>;"));
    MEZZ_CHECK(vtt_text(std::string(16 << 10, 'x')) == "" && vtt_text(std::string(1000, '<')).size() == 4001);
    return kFine;
}

static const char* tags_of_srt() {
    MEZZ_CHECK(srt_text("<I>a</I> <b>b</B><u>c") == "1000-2000|<i>a</i> <b>b</b><u>c</u>;");
    MEZZ_CHECK(srt_text("<font color=\"#ff0000\">red</font> <c>x") == "1000-2000|red &lt;c&gt;x;");
    MEZZ_CHECK(srt_text("{\\an8}Top") == "1000-2000 line:0|Top;");
    MEZZ_CHECK(srt_text("{\\an1}{\\an9}a{\\i1}b{c}") == "1000-2000 align:left|ab{c};");
    MEZZ_CHECK(srt_text("{\\an2}a") == "1000-2000|a;" && srt_text("{\\an0}a{\\an") == "1000-2000|a{\\an;");
    return kFine;
}

static const char* an_index() {
    const auto block = mezz::media::index_text_file(
        "WEBVTT\n\n00:05.000 --> 00:06.000\nc\n\n00:01.000 --> 00:09.000 line:0\na\n\n00:01.000 --> "
        "00:02.000\nb\n");
    MEZZ_CHECK(block.has_value());
    const TextIndexView index(*block);
    MEZZ_CHECK(index.cue_count() == 3 && index.body(0) == " line:0\na\n" && index.body(1) == "\nb\n" &&
               index.body(2) == "\nc\n");
    MEZZ_CHECK(index.cues()[1].start == 1000 && index.cues()[1].end == 2000 &&
               index.cues()[1].latest_end == 9000);
    MEZZ_CHECK(index.first_ending_after(0) == 0 && index.first_ending_after(8999) == 0 &&
               index.first_ending_after(9000) == 3);
    const auto none = mezz::media::index_text_file("WEBVTT\n");
    MEZZ_CHECK(none && TextIndexView(*none).cue_count() == 0 &&
               TextIndexView(*none).first_ending_after(0) == 0);
    return kFine;
}

int main() {
    const CMUnitTest tests[] = {MEZZ_CHECKED(webvtt),
                                MEZZ_CHECKED(srt),
                                MEZZ_CHECKED(line_ends_and_marks),
                                MEZZ_CHECKED(what_is_no_text_track),
                                MEZZ_CHECKED(times),
                                MEZZ_CHECKED(settings),
                                MEZZ_CHECKED(tags_of_webvtt),
                                MEZZ_CHECKED(text_stays_in_its_cue),
                                MEZZ_CHECKED(tags_of_srt),
                                MEZZ_CHECKED(an_index)};
    return cmocka_run_group_tests_name("text", tests, nullptr, nullptr);
}
