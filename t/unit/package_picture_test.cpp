#include "check.hpp"
#include "package/accept.hpp"
#include "package/entity_tag.hpp"
#include "package/picture_pick.hpp"
#include "title_fixture.hpp"

using namespace mezz::package;
using mezz::media::Sample;
using mezz::test::kFine;

namespace {

constexpr std::uint32_t kFrame = 3600;  // ticks of 1/90000 s, at 25 frames a second

bool is_size(std::string_view query, std::uint16_t width, std::uint16_t height) {
    return parse_picture_size(query) == PictureSize{width, height};
}

// In decoding order, by their places in order of presentation.
std::vector<Sample> group(std::initializer_list<int> places, std::initializer_list<int> keys) {
    std::vector<Sample> samples;
    for (const int place : places) {
        const auto dts = static_cast<std::int64_t>(samples.size());
        samples.push_back(
            {.dts = dts, .duration = 1, .composition_offset = static_cast<std::int32_t>(place - dts)});
    }
    for (const int key : keys)
        samples[static_cast<std::size_t>(key)].sync = true;
    return samples;
}

RenditionRecord picture(std::uint16_t width, mezz::media::VideoRange range = mezz::media::VideoRange::sdr) {
    RenditionRecord made;
    made.width = width;
    made.height = width / 2;
    made.range = range;
    return made;
}

std::uint16_t chosen(std::span<const RenditionRecord> all, PictureSize size) {
    const RenditionRecord* found = picture_rendition(all, size);
    return found == nullptr ? 0 : found->width;
}

}  // namespace

static const char* sizes() {
    MEZZ_CHECK(is_size("", 0, 0) && is_size("token=a.b", 0, 0) && is_size("width=320", 320, 0));
    MEZZ_CHECK(is_size("height=16", 0, 16) && is_size("a=b&width=8192&height=90&c", 8192, 90));
    MEZZ_CHECK(is_size("&&width=20&", 20, 0) && is_size("widths=1&xwidth=2", 0, 0));
    for (const char* query :
         {"width=", "width", "width=0", "width=15", "width=8193", "width=-20", "width=20px", "width=020",
          "width=99999999999", "width=20&width=20", "height=1e3", "width= 20", "width=320&height="})
        MEZZ_CHECK(!parse_picture_size(query));
    return kFine;
}

static const char* the_smallest_that_is_enough() {
    RenditionRecord sound = picture(0);
    sound.kind = mezz::media::TrackKind::audio;
    const std::vector<RenditionRecord> made{sound, picture(320), picture(640), picture(1280)};
    MEZZ_CHECK(chosen(made, {}) == 1280 && chosen(made, {320, 0}) == 320 && chosen(made, {321, 0}) == 640);
    MEZZ_CHECK(chosen(made, {1280, 0}) == 1280 && chosen(made, {4000, 0}) == 1280);
    MEZZ_CHECK(chosen(made, {0, 160}) == 320 && chosen(made, {0, 161}) == 640 &&
               chosen(made, {16, 0}) == 320);
    // Fitted into 2000 × 160 it is 320 wide.
    MEZZ_CHECK(chosen(made, {2000, 160}) == 320);
    MEZZ_CHECK(chosen(std::vector{picture(320), picture(640, mezz::media::VideoRange::pq)}, {}) == 320);
    MEZZ_CHECK(picture_rendition(std::span(made).first(1), {}) == nullptr && chosen({}, {}) == 0);
    return kFine;
}

static const char* pieces_of_a_time() {
    mezz::test::MadeTitle made;
    made.add(mezz::test::film());  // 13 s in groups of 2 s
    made.build();
    const TrackTimeline line = made.line(made.view().renditions()[0].name.data());
    const auto at = [&](std::int64_t time) { return pieces_at(line, time); };
    const auto near = [&](std::int64_t time) { return key_piece_near(line, time).first; };
    const std::int64_t group_ticks = 50 * kFrame;
    MEZZ_CHECK(line.track().piece_time(1) == group_ticks);
    MEZZ_CHECK(at(0).first == 0 && at(0).last == 2 && at(group_ticks - 1).first == 0);
    MEZZ_CHECK(at(group_ticks).first == 1 && at(group_ticks).last == 3);
    MEZZ_CHECK(at(12 * 90000 + 1).first == 6 && at(12 * 90000 + 1).last == 7);
    MEZZ_CHECK(near(0) == 0 && near(group_ticks / 2 - 1) == 0 && near(group_ticks / 2 + 1) == 1);
    MEZZ_CHECK(near(13 * 90000 - 1) == 6 && near(-5) == 0);
    return kFine;
}

static const char* samples_of_a_time() {
    //                        I  P  B  B  P  B  B
    const auto closed = group({0, 3, 1, 2, 6, 4, 5}, {0});
    for (const std::size_t time : {0U, 1U, 2U, 3U, 4U, 5U, 6U}) {
        const std::size_t found = sample_shown_at(closed, static_cast<std::int64_t>(time));
        MEZZ_CHECK(static_cast<std::size_t>(closed[found].dts + closed[found].composition_offset) == time);
        MEZZ_CHECK(key_for(closed, found) == 0);
    }
    MEZZ_CHECK(sample_shown_at(closed, 100) == 4 && sample_shown_at(closed, -1) == 0);
    // The second group is open: two pictures are shown before its key frame, and need the group before.
    const auto open = group({0, 1, 4, 2, 3, 5}, {0, 2});
    MEZZ_CHECK(sample_shown_at(open, 2) == 3 && key_for(open, 3) == 0);
    MEZZ_CHECK(sample_shown_at(open, 4) == 2 && key_for(open, 2) == 2);
    MEZZ_CHECK(sample_shown_at(open, 5) == 5 && key_for(open, 5) == 2);
    return kFine;
}

static const char* entity_tags() {
    for (const char* field :
         {"*", "\"a-1\"", "W/\"a-1\"", "\"b\", \"a-1\"", "\"b\",W/\"a-1\"", " , \"a-1\" ,\"b\""})
        MEZZ_CHECK(lists_entity_tag(field, "a-1"));
    for (const char* field : {"", "a-1", "\"a-1", "\"a-12\"", "\"A-1\"", "x\"a-1\"", "\"b\" \"a-1\"",
                              "\"b\"; \"a-1\"", "w/\"a-1\"", "**", "\"b\""})
        MEZZ_CHECK(!lists_entity_tag(field, "a-1"));
    return kFine;
}

static const char* media_types() {
    constexpr std::string_view kBrowser = "image/avif,image/webp,image/apng,*/*;q=0.8";
    MEZZ_CHECK(names_media_type(kBrowser, "image/avif") && names_media_type(kBrowser, "image/webp"));
    MEZZ_CHECK(!names_media_type(kBrowser, "image/jpeg") && !names_media_type("", "image/avif"));
    for (const char* field : {"image/avif", "IMAGE/Avif", " text/html ,\timage/avif ; q=0.1 ",
                              "image/avif;q=1;x=0", "image/avif;a=q=0", "image/avif;q=0.001", ",,image/avif"})
        MEZZ_CHECK(names_media_type(field, "image/avif"));
    for (const char* field : {"image/*", "*/*", "image/avif2", "ximage/avif", "image/avif;q=0",
                              "image/avif; Q=0.00", "image/webp", "image /avif", "image/avif;q=0,image/avif"})
        MEZZ_CHECK(!names_media_type(field, "image/avif"));
    return kFine;
}

int main() {
    const CMUnitTest tests[] = {MEZZ_CHECKED(sizes),
                                MEZZ_CHECKED(the_smallest_that_is_enough),
                                MEZZ_CHECKED(pieces_of_a_time),
                                MEZZ_CHECKED(samples_of_a_time),
                                MEZZ_CHECKED(entity_tags),
                                MEZZ_CHECKED(media_types)};
    return cmocka_run_group_tests_name("picture", tests, nullptr, nullptr);
}
