// Packets' times, and pictures at a constant rate.
#include <vector>

#include "check.hpp"
#include "frame_pacer.hpp"
#include "timeline.hpp"

using namespace mezz;
using namespace mezz::worker;

namespace {

constexpr std::int64_t kSecond = 1000000;

std::int64_t adjusted(Timeline& line, int stream, std::int64_t time) {
    const Av<AVPacket> packet = make_packet();
    packet->stream_index = stream;
    packet->pts = packet->dts = time;
    line.adjust(*packet, kMicro);
    return packet->pts;
}

// What a pacer of 25 pictures a second makes of pictures at these times: "first+count" each.
std::string paced(const std::vector<std::int64_t>& times, std::int64_t end = 0) {
    std::string text;
    FramePacer pacer({25, 1}, 100000, [&text](const AVFrame&, std::int64_t first, std::int64_t count) {
        text += std::to_string(first) + "+" + std::to_string(count) + " ";
        return Outcome<void>();
    });
    const Av<AVFrame> frame = make_frame();
    frame->width = frame->height = 16;
    frame->format = AV_PIX_FMT_GRAY8;
    (void)av_frame_get_buffer(frame.get(), 0);
    for (const std::int64_t time : times)
        if (!pacer.add(*frame, time, 40000)) return "failed";
    return pacer.finish(end) ? text : "failed";
}

}  // namespace

static const char* starts_at_zero() {
    Timeline line(5 * kSecond, 2);
    MEZZ_CHECK(adjusted(line, 0, 5 * kSecond) == 0);
    MEZZ_CHECK(adjusted(line, 1, 7 * kSecond) == 2 * kSecond);
    MEZZ_CHECK(line.jumps() == 0);
    return test::kFine;
}

static const char* takes_jumps_out_together() {
    constexpr std::int64_t kDay = 86400 * kSecond;
    Timeline line(0, 2);
    (void)adjusted(line, 0, kSecond);
    (void)adjusted(line, 1, kSecond);
    MEZZ_CHECK(adjusted(line, 0, kDay + kSecond) == kSecond);
    MEZZ_CHECK(adjusted(line, 1, kDay + kSecond + 20000) == kSecond + 20000);
    MEZZ_CHECK(adjusted(line, 0, kDay + 2 * kSecond) == 2 * kSecond);
    MEZZ_CHECK(adjusted(line, 0, 100) == 2 * kSecond);
    MEZZ_CHECK(line.jumps() == 3);
    return test::kFine;
}

static const char* keeps_few_gaps() {
    Timeline line(0, 1);
    std::int64_t last = 0;
    for (int i = 1; i < 1000; ++i)
        last = adjusted(line, 0, i * 100 * kSecond);
    MEZZ_CHECK(last <= 3700 * kSecond);
    return test::kFine;
}

static const char* survives_extremes() {
    Timeline line(0, 1);
    for (const std::int64_t time : {INT64_MAX - 1, INT64_MIN + 2, std::int64_t{0}, INT64_MAX / 2})
        (void)adjusted(line, 0, time);
    return test::kFine;
}

static const char* makes_a_constant_rate() {
    MEZZ_CHECK(paced({0, 40000, 80000}) == "0+1 1+1 2+1 ");
    MEZZ_CHECK(paced({0, 40000, 160000}) == "0+1 1+3 4+1 ");
    MEZZ_CHECK(paced({0, 10000, 40000}) == "0+1 1+1 ");
    MEZZ_CHECK(paced({1000000}) == "0+26 ");
    MEZZ_CHECK(paced({0, 40000}, 200000) == "0+1 1+4 ");
    return test::kFine;
}

// A first picture between two ticks must not make the others waver.
static const char* is_steady_between_ticks() {
    std::string expected;
    std::vector<std::int64_t> times;
    for (std::int64_t i = 0; i < 20; ++i) {
        times.push_back(i * 40000 + 20000 + (i % 2 == 0 ? 400 : -400));
        expected += std::to_string(i == 0 ? 0 : i + 1) + (i == 0 ? "+2 " : "+1 ");
    }
    MEZZ_CHECK(paced(times) == expected);
    return test::kFine;
}

static const char* shortens_absurd_gaps() {
    const std::string text = paced({0, 86400 * kSecond, 86400 * kSecond + 40000});
    MEZZ_CHECK(text == "0+1 1+1 2+1 " || text == "0+1 1+1 ");
    return test::kFine;
}

int main() {
    using test::checked;
    const CMUnitTest tests[] = {
        cmocka_unit_test(checked<starts_at_zero>),        cmocka_unit_test(checked<takes_jumps_out_together>),
        cmocka_unit_test(checked<keeps_few_gaps>),        cmocka_unit_test(checked<survives_extremes>),
        cmocka_unit_test(checked<makes_a_constant_rate>), cmocka_unit_test(checked<is_steady_between_ticks>),
        cmocka_unit_test(checked<shortens_absurd_gaps>)};
    return cmocka_run_group_tests_name("timing", tests, nullptr, nullptr);
}
