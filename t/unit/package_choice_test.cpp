#include "package/rendition_choice.hpp"

#include "check.hpp"
#include "codec_entries.hpp"
#include "hls_reader.hpp"
#include "package/playlist.hpp"
#include "title_fixture.hpp"

namespace test = mezz::test;
using mezz::media::Codec;
using mezz::package::choose;
using mezz::package::Format;
using mezz::package::is_within;
using mezz::package::leaves_each_kind;
using mezz::package::parse_request_path;
using mezz::package::RenditionFilter;
using mezz::package::TitleView;
using test::MadeTitle;

namespace {

// 36p and a taller one that stands upright, with two languages of sound.
MadeTitle ladder() {
    MadeTitle made;
    test::FileSpec small = test::film(40, "eng");
    test::FileSpec tall = test::film(400);
    tall.tracks.pop_back();
    mezz::test::Buffer& entry = tall.tracks[0].entry = test::avc_entry();
    entry[33] = std::byte{72};  // across
    entry[35] = std::byte{128};
    made.add(small, {.rendition = {}, .is_default = true});
    made.add(tall, {.rendition = "tall"});
    made.add(test::FileSpec{.tracks = {test::audio_track(560)}}, {.rendition = "other", .language = "de"});
    made.build();
    return made;
}

// The names that pass, with a space behind each; "" also if nothing of a kind is left.
std::string passing(const MadeTitle& made, const RenditionFilter& filter, Format format = Format::cmaf) {
    const auto choice = choose(made.view(), filter, format);
    if (!leaves_each_kind(made.view(), choice, format)) return "";
    const auto block = with_renditions(made.view(), choice);
    std::string names;
    for (const auto& rendition : TitleView(block).renditions())
        names += std::string(rendition.name.data()) + ' ';
    return names;
}

constexpr std::uint32_t bit(Codec codec) {
    return 1U << static_cast<unsigned>(codec);
}

}  // namespace

static const char* by_height() {
    const MadeTitle made = ladder();
    MEZZ_CHECK(quality_of(made.rendition("tall")) == 72 && quality_of(made.rendition("36p")) == 36 &&
               quality_of(made.rendition("other")) == 0);
    MEZZ_CHECK(passing(made, {}) == made.names());
    MEZZ_CHECK(passing(made, {.max_height = 72}) == made.names());
    MEZZ_CHECK(passing(made, {.max_height = 71}) == "36p audio-eng other ");
    MEZZ_CHECK(passing(made, {.min_height = 37}) == "tall audio-eng other ");
    MEZZ_CHECK(passing(made, {.max_height = 35}).empty() && passing(made, {.min_height = 73}).empty());
    MEZZ_CHECK(passing(made, {.min_height = 37, .max_height = 71}).empty());
    return test::kFine;
}

static const char* by_codec() {
    const MadeTitle made = ladder();
    MEZZ_CHECK(passing(made, {.codecs = bit(Codec::h264)}) == made.names());
    MEZZ_CHECK(passing(made, {.codecs = bit(Codec::aac)}) == made.names());
    MEZZ_CHECK(passing(made, {.codecs = bit(Codec::av1)}).empty());
    MEZZ_CHECK(passing(made, {.codecs = bit(Codec::opus)}).empty());
    MEZZ_CHECK(passing(made, {.codecs = bit(Codec::opus)}, Format::hls).empty());
    // Sound that is in the segments of the picture cannot be left out.
    MadeTitle film;
    film.add(test::film(40, "eng"));
    film.build();
    MEZZ_CHECK(passing(film, {.codecs = bit(Codec::opus)}, Format::hls) == film.names());
    return test::kFine;
}

static const char* playlists_of_a_choice() {
    const MadeTitle made = ladder();
    const auto block = with_renditions(made.view(), choose(made.view(), {.max_height = 36}, Format::cmaf));
    std::string text;
    mezz::package::write_multivariant_playlist(TitleView(block), Format::cmaf, "", text);
    const test::Playlist playlist = test::PlaylistReader::read(text);
    MEZZ_CHECK(playlist.variants.size() == 1 && playlist.media.size() == 2 && playlist.iframes.size() == 1);
    MEZZ_CHECK(playlist.variants[0].uri == made.revision() + "/36p.m3u8");
    return test::kFine;
}

static const char* another_audio_becomes_the_default() {
    const MadeTitle made = ladder();
    mezz::package::Choice choice(made.view().renditions().size(), true);
    for (std::size_t i = 0; i < choice.size(); ++i)
        choice[i] = !made.view().renditions()[i].is_default;
    const auto block = with_renditions(made.view(), choice);
    const TitleView view(block);
    MEZZ_CHECK(view.default_audio() != nullptr && view.default_audio()->name.data() == std::string("other"));
    MEZZ_CHECK(made.view().default_audio()->name.data() == std::string("audio-eng"));
    return test::kFine;
}

static const char* limits_of_viewers() {
    const MadeTitle made = ladder();
    const auto open = [&](std::string_view path, std::uint32_t lines) {
        return is_within(made.view(), parse_request_path(path).value(), lines);
    };
    for (const char* path :
         {"f/hls/tall.m3u8", "f/hls/tall_0.ts", "f/cmaf/tall_init.mp4", "f/cmaf/tall_9.m4s",
          "f/hls/tall_iframes.m3u8", "f/cmaf/tall_iframe_0.m4s", "f/download/tall.mp4"})
        MEZZ_CHECK(open(path, 72) && !open(path, 71));
    for (const char* path :
         {"f/hls/36p_0.ts", "f/hls/master.m3u8", "f/cmaf/master.m3u8", "f/cmaf/manifest.mpd"})
        MEZZ_CHECK(open(path, 36) && !open(path, 35));
    for (const char* path : {"f/cmaf/audio-eng_0.m4s", "f/download/other.mp4", "f/subs/subs-eng.vtt",
                             "f/thumbs/poster.jpg", "f/hls/none.m3u8"})
        MEZZ_CHECK(open(path, 1));
    return test::kFine;
}

int main() {
    const CMUnitTest tests[] = {
        MEZZ_CHECKED(by_height), MEZZ_CHECKED(by_codec), MEZZ_CHECKED(playlists_of_a_choice),
        MEZZ_CHECKED(another_audio_becomes_the_default), MEZZ_CHECKED(limits_of_viewers)};
    return cmocka_run_group_tests_name("choice", tests, nullptr, nullptr);
}
