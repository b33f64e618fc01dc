// Decisions that need no media: per-title caps, chapters, NAL units of packets.
#include <cstring>

#include "chapter_list.hpp"
#include "check.hpp"
#include "nal_framing.hpp"
#include "title_complexity.hpp"

using namespace mezz;
using namespace mezz::worker;

namespace {

const char* rungs_are_fitted() {
    const Rung rung{.name = "360p", .height = 360, .max_kbps = 800};
    MEZZ_CHECK(fit_rung(rung, {}) == rung);
    // Hard: below what is aimed at, and dearer than the cap.
    MEZZ_CHECK(fit_rung(rung, {{360, 2000, 33}}) == rung);
    // 46 dB are five steps of 0.6 dB too good; 300 kbit/s become 300 · 2^(-5/6) · 1.5 = 252, rounded up.
    const Rung easy = fit_rung(rung, {{360, 300, 46}});
    MEZZ_CHECK(easy.crf == 28 && easy.max_kbps == 300);
    // Never less than a quarter, never more than six steps.
    const Rung still = fit_rung(rung, {{360, 1, 70}});
    MEZZ_CHECK(still.crf == 29 && still.max_kbps == 200);
    // The most expensive moment counts.
    MEZZ_CHECK(fit_rung(rung, {{360, 100, 43}, {360, 500, 43}}).max_kbps == 750);
    // Between two sizes.
    const Rung middle =
        fit_rung({.name = "720p", .height = 720, .max_kbps = 3000}, {{360, 400, 43}, {1440, 1600, 43}});
    MEZZ_CHECK(middle.crf == 23 && middle.max_kbps == 1200);
    return test::kFine;
}

const char* chapters_fit_the_title() {
    const auto made =
        chapters_of_title({{5000, 99000, "b\n<x>"}, {0, 2000, "before"}, {1000, 5000, ""}}, 2000, 8000);
    MEZZ_CHECK(made.size() == 2 && made[0].start_ms == 0 && made[0].end_ms == 3000 && made[1].end_ms == 8000);
    MEZZ_CHECK(chapter_text(made) ==
               "WEBVTT\n\n00:00:00.000 --> 00:00:03.000\n1\n\n00:00:03.000 --> 00:00:08.000\nb &lt;x&gt;\n");
    return test::kFine;
}

Av<AVCodecParameters> stream(AVCodecID codec, std::string_view head) {
    Av<AVCodecParameters> made(avcodec_parameters_alloc());
    made->codec_id = codec;
    made->extradata = static_cast<std::uint8_t*>(av_mallocz(head.size() + AV_INPUT_BUFFER_PADDING_SIZE));
    std::memcpy(made->extradata, head.data(), head.size());
    made->extradata_size = static_cast<int>(head.size());
    return made;
}

Av<AVPacket> packet(std::string_view data) {
    Av<AVPacket> made = make_packet();
    (void)av_new_packet(made.get(), static_cast<int>(data.size()));
    std::memcpy(made->data, data.data(), data.size());
    return made;
}

std::string_view text(const AVPacket& made) {
    return {reinterpret_cast<const char*>(made.data), static_cast<std::size_t>(made.size)};
}

using namespace std::string_view_literals;

const char* units_are_reframed() {
    const auto avcc = stream(AV_CODEC_ID_H264, "\1\x4d\0\x1e\xfd\xe1\0\3\x67SP\1\0\2\x68P"sv);
    auto framing = NalFraming::open(*avcc);
    MEZZ_CHECK(framing && as_text(framing->head())[4] == '\xff');
    const auto key = packet("\0\2\x09\xf0\0\3\x67SP\0\2\x65I"sv);
    const auto begins = framing->rewrite(*key);
    MEZZ_CHECK(begins && *begins && text(*key) == "\0\0\0\2\x65I"sv);
    const auto changed = packet("\0\3\x67XX\0\2\x65I"sv);
    MEZZ_CHECK(!framing->rewrite(*changed));
    MEZZ_CHECK(!framing->rewrite(*packet("\0\7\x65I"sv)) && !framing->rewrite(*packet(""sv)));

    const auto annexb = stream(AV_CODEC_ID_HEVC, "\0\0\0\1\x40\1V\0\0\1\x42\1S\0\0\1\x44\1P"sv);
    framing = NalFraming::open(*annexb);
    MEZZ_CHECK(framing.has_value());
    const auto trail = packet("\0\0\1\x46\1\x50\0\0\0\1\x02\1T\0\0\1\x02\1U\0"sv);
    const auto later = framing->rewrite(*trail);
    MEZZ_CHECK(later && !*later && text(*trail) == "\0\0\0\1\x02\1T\0\0\0\1\x02\1U"sv);
    MEZZ_CHECK(!NalFraming::open(*stream(AV_CODEC_ID_H264, "\1\x4d\0\x1e\xfd\xe1\0\x30\x67"sv)));
    return test::kFine;
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {cmocka_unit_test(test::checked<rungs_are_fitted>),
                                cmocka_unit_test(test::checked<chapters_fit_the_title>),
                                cmocka_unit_test(test::checked<units_are_reframed>)};
    return cmocka_run_group_tests_name("title fit", tests, nullptr, nullptr);
}
