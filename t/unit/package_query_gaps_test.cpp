#include "package/query_gaps.hpp"

#include "check.hpp"
#include "package/playlist.hpp"
#include "title_fixture.hpp"

namespace test = mezz::test;
using mezz::package::fill_text;
using mezz::package::Format;
using mezz::package::kQueryMark;
using mezz::package::pack_text;

static const char* gaps_anywhere() {
    MEZZ_CHECK(fill_text(pack_text("\x7F"
                                   "ab\x7F\x7F"
                                   "c\x7F"),
                         "?t=1") == "?t=1ab?t=1?t=1c?t=1");
    MEZZ_CHECK(fill_text(pack_text("abc"), "?t") == "abc" && fill_text(pack_text(""), "?t").empty());
    return nullptr;
}

static const char* playlists_are_what_they_are_without_it() {
    test::MadeTitle made;
    made.add(test::film(40, "eng"), {.name = "film.mp4", .modified = 1});
    made.build();
    for (const Format format : {Format::hls, Format::cmaf}) {
        std::string marked;
        mezz::package::write_multivariant_playlist(made.view(), format, kQueryMark, marked);
        const std::vector<std::byte> block = pack_text(marked);
        for (const std::string_view query : {"", "?token=a.b.c"}) {
            std::string right;
            mezz::package::write_multivariant_playlist(made.view(), format, query, right);
            MEZZ_CHECK(fill_text(block, query) == right);
        }
    }
    return nullptr;
}

int main() {
    const CMUnitTest tests[] = {MEZZ_CHECKED(gaps_anywhere),
                                MEZZ_CHECKED(playlists_are_what_they_are_without_it)};
    return cmocka_run_group_tests_name("package_query_gaps", tests, nullptr, nullptr);
}
