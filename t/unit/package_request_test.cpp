#include "package/request_path.hpp"

#include <string>

#include "check.hpp"

using mezz::package::Format;
using mezz::package::parse_request_path;
using mezz::package::RequestPath;
using mezz::package::Resource;
using mezz::test::kFine;

namespace {

constexpr std::string_view kRevision = "0123456789abcdef";

bool is(std::string_view path, const RequestPath& expected) {
    const auto found = parse_request_path(path);
    return found && found->title == expected.title && found->revision == expected.revision &&
           found->rendition == expected.rendition && found->number == expected.number &&
           found->format == expected.format && found->resource == expected.resource;
}

RequestPath wanted(Format format, Resource resource, std::string_view rendition = "",
                   std::uint32_t number = 0, std::string_view revision = "") {
    return {.title = "a/film.mp4",
            .revision = revision,
            .rendition = rendition,
            .number = number,
            .format = format,
            .resource = resource};
}

}  // namespace

static const char* every_form() {
    MEZZ_CHECK(is("a/film.mp4/hls/master.m3u8", wanted(Format::hls, Resource::multivariant_playlist)));
    MEZZ_CHECK(is("a/film.mp4/cmaf/master.m3u8", wanted(Format::cmaf, Resource::multivariant_playlist)));
    MEZZ_CHECK(is("a/film.mp4/cmaf/manifest.mpd", wanted(Format::cmaf, Resource::manifest)));
    MEZZ_CHECK(is("a/film.mp4/hls/720p.m3u8", wanted(Format::hls, Resource::media_playlist, "720p")));
    MEZZ_CHECK(is("a/film.mp4/hls/0123456789abcdef/audio-eng-2.m3u8",
                  wanted(Format::hls, Resource::media_playlist, "audio-eng-2", 0, kRevision)));
    MEZZ_CHECK(is("a/film.mp4/hls/0123456789abcdef/720p_0.ts",
                  wanted(Format::hls, Resource::segment, "720p", 0, kRevision)));
    MEZZ_CHECK(is("a/film.mp4/hls/720p_12.ts", wanted(Format::hls, Resource::segment, "720p", 12)));
    MEZZ_CHECK(is("a/film.mp4/cmaf/0123456789abcdef/1080p-hevc_7.m4s",
                  wanted(Format::cmaf, Resource::segment, "1080p-hevc", 7, kRevision)));
    MEZZ_CHECK(is("a/film.mp4/cmaf/0123456789abcdef/720p_init.mp4",
                  wanted(Format::cmaf, Resource::init_segment, "720p", 0, kRevision)));
    MEZZ_CHECK(is("a/film.mp4/cmaf/720p_init.mp4", wanted(Format::cmaf, Resource::init_segment, "720p")));
    return kFine;
}

static const char* pictures() {
    MEZZ_CHECK(is("a/film.mp4/thumbs/poster.jpg", wanted(Format::thumbs, Resource::poster)));
    MEZZ_CHECK(is("a/film.mp4/thumbs/storyboard.vtt", wanted(Format::thumbs, Resource::storyboard)));
    MEZZ_CHECK(is("a/film.mp4/thumbs/storyboard_0.jpg", wanted(Format::thumbs, Resource::storyboard_sheet)));
    MEZZ_CHECK(is("a/film.mp4/thumbs/storyboard_12.jpg",
                  wanted(Format::thumbs, Resource::storyboard_sheet, "", 12)));
    MEZZ_CHECK(is("a/film.mp4/thumbs/at_0.jpg", wanted(Format::thumbs, Resource::frame)));
    MEZZ_CHECK(is("a/film.mp4/thumbs/0123456789abcdef/at_61000.jpg",
                  wanted(Format::thumbs, Resource::frame, "", 61000, kRevision)));
    MEZZ_CHECK(is("a/film.mp4/thumbs/0123456789abcdef/key_999999999.jpg",
                  wanted(Format::thumbs, Resource::key_frame, "", 999999999, kRevision)));
    for (const char* path :
         {"t/thumbs/at_.jpg", "t/thumbs/at_01.jpg", "t/thumbs/at_1.5.jpg", "t/thumbs/at_-1.jpg",
          "t/thumbs/at_1.png", "t/thumbs/at_1000000000.jpg", "t/thumbs/key_1", "t/thumbs/at.jpg",
          "t/hls/at_1.jpg", "t/thumbs/1/storyboard_1.jpg", "t/thumbs/1/storyboard.vtt",
          "t/thumbs/1/2/at_1.jpg"})
        MEZZ_CHECK(!parse_request_path(path));
    for (const char* path :
         {"t/thumbs/", "t/thumbs/poster.png", "t/thumbs/Poster.jpg", "t/thumbs/1/poster.jpg",
          "t/thumbs/storyboard_.jpg", "t/thumbs/storyboard_01.jpg", "t/thumbs/storyboard_-1.jpg",
          "t/thumbs/storyboard_1.vtt", "t/thumbs/storyboard.jpg", "t/thumbs/x_1.jpg", "t/hls/poster.jpg",
          "t/cmaf/storyboard_1.jpg", "t/thumbs/master.m3u8", "t/thumbs/x_1.m4s", "t/hls/thumbs/x.m3u8"})
        MEZZ_CHECK(!parse_request_path(path));
    MEZZ_CHECK(to_text(Format::thumbs) == "thumbs");
    return kFine;
}

static const char* text_tracks() {
    MEZZ_CHECK(is("a/film.mp4/subs/0123456789abcdef/subs-eng.m3u8",
                  wanted(Format::subs, Resource::media_playlist, "subs-eng", 0, kRevision)));
    MEZZ_CHECK(is("a/film.mp4/subs/0123456789abcdef/subs-eng_3.vtt",
                  wanted(Format::subs, Resource::text_segment, "subs-eng", 3, kRevision)));
    MEZZ_CHECK(is("a/film.mp4/subs/0123456789abcdef/subs-eng.vtt",
                  wanted(Format::subs, Resource::text_file, "subs-eng", 0, kRevision)));
    MEZZ_CHECK(is("a/film.mp4/subs/subs-eng.vtt", wanted(Format::subs, Resource::text_file, "subs-eng")));
    MEZZ_CHECK(is("a/film.mp4/hls/0123456789abcdef/subs-eng_3.vtt",
                  wanted(Format::hls, Resource::text_segment, "subs-eng", 3, kRevision)));
    for (const char* path : {"t/subs/master.m3u8", "t/subs/manifest.mpd", "t/subs/.vtt", "t/subs/_1.vtt",
                             "t/subs/a_.vtt", "t/subs/a_01.vtt", "t/subs/a_b.vtt", "t/hls/a.vtt",
                             "t/cmaf/a_1.vtt", "t/cmaf/a.vtt", "t/subs/a_1.ts", "t/subs/a_1.m4s",
                             "t/subs/a_init.mp4", "t/subs/a_iframes.m3u8", "t/subs/a_iframe_1.vtt",
                             "t/hls/a_iframe_1.vtt", "t/subs/", "t/subs/a.srt", "t/subs/storyboard.jpg"})
        MEZZ_CHECK(!parse_request_path(path));
    MEZZ_CHECK(to_text(Format::subs) == "subs" &&
               parse_request_path("subs/hls/master.m3u8")->title == "subs");
    return kFine;
}

static const char* trick_play_and_downloads() {
    for (const Format format : {Format::hls, Format::cmaf}) {
        const std::string base = "t/" + std::string(to_text(format)) + "/";
        const std::string ending = format == Format::hls ? ".ts" : ".m4s";
        for (const std::string revision : {"", "4f/"}) {
            const std::string playlist = base + revision + "720p_iframes.m3u8";
            const auto list = parse_request_path(playlist);
            MEZZ_CHECK(list && list->resource == Resource::iframe_playlist && list->rendition == "720p");
            const std::string path = base + revision + "720p_iframe_12" + ending;
            const auto picture = parse_request_path(path);
            MEZZ_CHECK(picture && picture->resource == Resource::iframe && picture->number == 12);
            MEZZ_CHECK(picture->rendition == "720p" && picture->format == format);
        }
    }
    MEZZ_CHECK(is("a/film.mp4/download/720p.mp4", wanted(Format::download, Resource::download, "720p")));
    for (const char* path :
         {"t/hls/_iframes.m3u8", "t/hls/_iframe_1.ts", "t/hls/x_iframe_01.ts", "t/cmaf/x_iframe_.m4s",
          "t/download/.mp4", "t/download/x.m4s", "t/download/r/x.mp4", "t/download/x.m3u8",
          "t/download/x_1.ts", "t/download/master.m3u8", "t/thumbs/x_iframe_1.m4s", "t/download/"})
        MEZZ_CHECK(!parse_request_path(path));
    MEZZ_CHECK(to_text(Format::download) == "download");
    return kFine;
}

static const char* titles_may_have_any_depth() {
    RequestPath at_root = wanted(Format::hls, Resource::multivariant_playlist);
    at_root.title = "";
    MEZZ_CHECK(is("hls/master.m3u8", at_root));
    MEZZ_CHECK(parse_request_path("a/b/c d/é/cmaf/manifest.mpd")->title == "a/b/c d/é");
    MEZZ_CHECK(parse_request_path("cmaf/hls/cmaf/manifest.mpd")->title == "cmaf/hls");
    MEZZ_CHECK(parse_request_path("t/hls/hls/x.m3u8")->title == "t/hls");
    return kFine;
}

static const char* each_resource_has_one_url() {
    for (const char* path :
         {"t/hls/x_00.ts", "t/hls/x_01.ts", "t/hls/x_+1.ts", "t/hls/x_-1.ts", "t/hls/x_1 .ts", "t/hls/x_.ts",
          "t/hls/x_1x.ts", "t/hls/x_1234567890.ts", "t/hls/x_4294967296.ts", "t/hls/x1.ts"})
        MEZZ_CHECK(!parse_request_path(path));
    MEZZ_CHECK(parse_request_path("t/hls/x_999999999.ts")->number == 999999999);
    MEZZ_CHECK(parse_request_path("t/hls/x_y_3.ts")->rendition == "x_y");
    return kFine;
}

static const char* junk_is_no_url() {
    for (const char* path : {"",
                             "/",
                             "//",
                             "hls",
                             "hls/",
                             "master.m3u8",
                             "t/master.m3u8",
                             "t/dash/master.m3u8",
                             "t/HLS/master.m3u8",
                             "t/hls//master.m3u8",
                             "t/hls//x_1.ts",
                             "t/hls/",
                             "t/hls/.m3u8",
                             "t/hls/_1.ts",
                             "t/cmaf/_init.mp4",
                             "t/cmaf/_1.m4s",
                             "t/hls/manifest.mpd",
                             "t/hls/r/master.m3u8",
                             "t/cmaf/r/manifest.mpd",
                             "t/cmaf/x_1.ts",
                             "t/hls/x_1.m4s",
                             "t/hls/x_init.mp4",
                             "t/cmaf/x_init.m4s",
                             "t/hls/r/s/x_1.ts",
                             "t/hls/x_1.ts/",
                             "t/hls/x_1.ts?a",
                             "t/hls/x.mp4",
                             "t/hls/init.mp4",
                             "t/cmaf/x_1.m4s.tmp"})
        MEZZ_CHECK(!parse_request_path(path));
    MEZZ_CHECK(!parse_request_path(std::string_view("t/hls/x_\0001.ts", 13)));
    return kFine;
}

static const char* texts_point_into_the_path() {
    const std::string_view path = "t/cmaf/0123456789abcdef/720p_3.m4s";
    const auto found = parse_request_path(path);
    MEZZ_CHECK(found && found->title.data() == path.data() && found->revision.data() == path.data() + 7);
    MEZZ_CHECK(found->rendition.data() == path.data() + 24);
    MEZZ_CHECK(to_text(Format::hls) == "hls" && to_text(Format::cmaf) == "cmaf");
    return kFine;
}

int main() {
    const CMUnitTest tests[] = {MEZZ_CHECKED(every_form),
                                MEZZ_CHECKED(pictures),
                                MEZZ_CHECKED(text_tracks),
                                MEZZ_CHECKED(trick_play_and_downloads),
                                MEZZ_CHECKED(titles_may_have_any_depth),
                                MEZZ_CHECKED(each_resource_has_one_url),
                                MEZZ_CHECKED(junk_is_no_url),
                                MEZZ_CHECKED(texts_point_into_the_path)};
    return cmocka_run_group_tests_name("request", tests, nullptr, nullptr);
}
