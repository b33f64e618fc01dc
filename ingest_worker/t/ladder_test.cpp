#include "ladder.hpp"

#include "check.hpp"

using namespace mezz;
using namespace mezz::worker;

static std::string rungs_of(int width, int height) {
    std::string text;
    for (const SizedRung& rung : choose_rungs(default_ladder(), {width, height}))
        text += rung.rung.name + "=" + std::to_string(rung.size.width) + "x" +
                std::to_string(rung.size.height) + " ";
    return text;
}

static const char* usual_sizes() {
    MEZZ_CHECK(rungs_of(1920, 1080) ==
               "1080p=1920x1080 720p=1280x720 480p=854x480 360p=640x360 240p=426x240 ");
    MEZZ_CHECK(rungs_of(1280, 720) == "720p=1280x720 480p=854x480 360p=640x360 240p=426x240 ");
    MEZZ_CHECK(rungs_of(3840, 2160).starts_with("2160p=3840x2160 1440p=2560x1440 1080p=1920x1080 "));
    return test::kFine;
}

static const char* other_shapes() {
    MEZZ_CHECK(rungs_of(1080, 1920).starts_with("1080p=1080x1920 720p=720x1280 "));
    MEZZ_CHECK(rungs_of(1080, 1080).starts_with("1080p=1080x1080 720p=720x720 "));
    MEZZ_CHECK(rungs_of(1920, 800).starts_with("1080p=1920x800 720p=1280x534 "));
    return test::kFine;
}

static const char* never_enlarges() {
    MEZZ_CHECK(rungs_of(160, 120) == "240p=160x120 ");
    MEZZ_CHECK(rungs_of(321, 181) == "240p=320x180 ");
    MEZZ_CHECK(rungs_of(960, 540).starts_with("480p=854x480 "));
    for (int width = 32; width < 4000; width += 31)
        for (const SizedRung& rung : choose_rungs(default_ladder(), {width, width * 3 / 4}))
            MEZZ_CHECK(rung.size.width <= width && rung.size.height <= width * 3 / 4 &&
                       rung.size.width % 2 == 0 && rung.size.height % 2 == 0);
    return test::kFine;
}

static const char* reads_what_it_writes() {
    const auto ladder = parse_ladder(ladder_to_json(default_ladder()));
    MEZZ_CHECK(ladder && *ladder == default_ladder());
    return test::kFine;
}

static const char* refuses_nonsense() {
    for (const char* text :
         {"", "{}", "[]", "[1]", R"([{"name":"x"}])", R"([{"name":"../x","height":240,"max_kbps":400}])",
          R"([{"name":"audio-x","height":240,"max_kbps":400}])",
          R"([{"name":"a","height":1e9,"max_kbps":400}])",
          R"([{"name":"a","height":240,"max_kbps":400,"preset":"placebo:x"}])",
          R"([{"name":"a","height":240,"max_kbps":4},{"name":"a","height":240,"max_kbps":400}])"})
        MEZZ_CHECK(!parse_ladder(text));
    return test::kFine;
}

int main() {
    using test::checked;
    const CMUnitTest tests[] = {
        cmocka_unit_test(checked<usual_sizes>), cmocka_unit_test(checked<other_shapes>),
        cmocka_unit_test(checked<never_enlarges>), cmocka_unit_test(checked<reads_what_it_writes>),
        cmocka_unit_test(checked<refuses_nonsense>)};
    return cmocka_run_group_tests_name("ladder", tests, nullptr, nullptr);
}
