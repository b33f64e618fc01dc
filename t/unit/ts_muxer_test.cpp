#include "package/ts_muxer.hpp"

#include "test.hpp"
#include "ts_case.hpp"

namespace test = mezz::test;
using test::Buffer;
using test::Case;
using test::check;
using test::Codec;
using test::require;

namespace {

Case one_picture(Buffer sample, Codec codec = Codec::h264) {
    Case c;
    c.codec = codec;
    c.video.emplace().add(sample, 3600);
    return c;
}

}  // namespace

static void any_pieces_give_the_same_bytes() {
    std::mt19937 random(15);
    Case c = test::usual(random, 0, true, true);
    for (std::size_t i = 2; i < 9; ++i)
        c.video->samples[i].size = static_cast<std::uint32_t>(i - 2);
    c.audio->samples[3].size = 0;
    const auto plan = c.plan(5);
    std::size_t different = 0;
    if (plan) {
        const auto whole = test::mux(*plan, c.video_track(), c.audio_track());
        const test::Cut cuts[] = {{1, 65536},      {1, 1},          {2000, 1},      {3, 187},
                                  {5, 188},        {65536, 188},    {700, 187},     {188, 376},
                                  {40, 500, true}, {6, 3000, true}, {3000, 7, true}};
        for (const test::Cut& cut : cuts) {
            const auto cut_up = test::mux(*plan, c.video_track(), c.audio_track(), cut);
            if (!cut_up.finished || cut_up.bytes != whole.bytes) ++different;
        }
        if (!whole.finished || whole.bytes.size() != plan->size()) ++different;
    }
    const auto wrong = check(c);
    require(plan.has_value(), "plan");
    require(different == 0, "pieces change the bytes");
    require(wrong);
}

static void every_small_size_is_exact() {
    std::mt19937 random(16);
    std::string wrong;
    for (std::size_t size = 0; size < 420 && wrong.empty(); ++size) {
        wrong = check(one_picture(test::random_bytes(random, size)));
        if (wrong.empty()) wrong = check(one_picture(test::picture(random, size), Codec::hevc));
        Case audio;
        audio.audio.emplace().timescale = 48000;
        audio.audio->add(test::random_bytes(random, size), 1024);
        if (wrong.empty()) wrong = check(audio);
        if (size % 3 == 0) audio.audio->add(test::random_bytes(random, 1), 1024);
        if (wrong.empty()) wrong = check(audio);
        audio.video.emplace().add(test::picture(random, 300), 3600);
        if (wrong.empty()) wrong = check(audio);
    }
    require(wrong);
}

static void own_delimiters_are_dropped() {
    std::mt19937 random(17);
    std::string wrong;
    for (const Codec codec : {Codec::h264, Codec::hevc})
        for (const std::size_t rest : {0U, 1U, 5U, 100U, 150U, 156U, 170U, 5000U}) {
            Buffer sample = codec == Codec::h264 ? test::bytes({0, 0, 0, 2, 9, 0x10})
                                                 : test::bytes({0, 0, 0, 3, 0x46, 1, 0x10});
            const Buffer more = test::picture(random, rest);
            sample.insert(sample.end(), more.begin(), more.end());
            Case c = one_picture(sample, codec);
            c.video->add(more, 3600, 0, false);
            c.video->add(sample, 3600, 0, false);
            if (wrong.empty()) wrong = check(c);
        }
    // A second delimiter, a long one and one whose length lies are kept: only the shape of our own is safe to
    // drop.
    for (const auto& sample : {test::bytes({0, 0, 0, 2, 9, 0x10, 0, 0, 0, 2, 9, 0x10}),
                               test::bytes({0, 0, 0, 4, 9, 0x10, 1, 2}), test::bytes({0, 0, 0, 2, 9})})
        if (wrong.empty()) wrong = check(one_picture(sample));
    require(wrong);
}

static void broken_lengths_stay_inside_the_sample() {
    std::mt19937 random(18);
    std::string wrong;
    for (int round = 0; round < 300 && wrong.empty(); ++round) {
        Buffer sample = test::picture(random, 6 + test::below(random, 600));
        for (int flips = 0; flips < 4 && !sample.empty(); ++flips)
            sample[test::below(random, std::min<std::size_t>(sample.size(), 24))] ^=
                static_cast<std::byte>(1U << test::below(random, 8));
        Case c = one_picture(sample, round % 2 == 0 ? Codec::h264 : Codec::hevc);
        c.video->add(test::bytes({0, 0, 0, 0, 0, 0, 0, 1, 0x41, 0, 0, 0, 0, 7, 7}), 3600, 0, false);
        c.video->add(test::bytes({0xFF, 0xFF, 0xFF, 0xFF, 1, 2}), 3600, 0, false);
        wrong = check(c);
    }
    require(wrong);
}

static void random_tracks_are_read_back() {
    std::string wrong;
    for (unsigned seed = 0; seed < 60 && wrong.empty(); ++seed) {
        std::mt19937 random(seed);
        Case c;
        c.codec = seed % 2 == 0 ? Codec::h264 : Codec::hevc;
        c.sets = test::random_bytes(random, test::below(random, 400));
        if (seed % 3 != 0) {
            c.video.emplace().timescale = 1 + test::below(random, 100000);
            c.video->next_dts = -static_cast<std::int64_t>(c.video->timescale);
            for (unsigned i = test::below(random, 60); i > 0; --i)
                c.video->add(
                    test::below(random, 8) == 0 ? Buffer{} : test::picture(random, test::below(random, 2000)),
                    1 + c.video->timescale / (1 + test::below(random, 60)),
                    static_cast<std::int32_t>(test::below(random, 9) * c.video->timescale / 50),
                    test::below(random, 9) == 0);
        }
        if (seed % 3 != 1) {
            c.audio.emplace().timescale = 44100;
            for (unsigned i = test::below(random, 90); i > 0; --i)
                c.audio->add(test::random_bytes(random, test::below(random, seed % 5 == 0 ? 8185 : 400)),
                             seed % 7 == 0 ? 1 : 1024);
        }
        if (c.video || c.audio) wrong = check(c);
    }
    require(wrong);
}

int main() {
    const CMUnitTest tests[] = {
        MEZZ_TEST(any_pieces_give_the_same_bytes), MEZZ_TEST(every_small_size_is_exact),
        MEZZ_TEST(own_delimiters_are_dropped),     MEZZ_TEST(broken_lengths_stay_inside_the_sample),
        MEZZ_TEST(random_tracks_are_read_back),
    };
    return cmocka_run_group_tests_name("ts muxer", tests, nullptr, nullptr);
}
