#include "package/silence.hpp"

#include "check.hpp"
#include "codec_entries.hpp"
#include "hls_reader.hpp"
#include "media/fragment.hpp"
#include "package/fmp4.hpp"
#include "package/playlist.hpp"
#include "title_fixture.hpp"

namespace test = mezz::test;
using mezz::Bytes;
using mezz::media::Sample;
using mezz::package::PieceRange;
using mezz::package::SegmentStarts;
using mezz::package::TrackTimeline;
using test::Buffer;
using test::MadeTitle;

namespace {

// Pictures from 0 on, and sound of 200 frames that begins later.
MadeTitle late(std::uint64_t delay_ms, const Buffer& entry = {}, std::uint32_t duration = 1024) {
    test::FileSpec spec = test::film();
    spec.tracks[1].frames.resize(200);
    spec.tracks[1].edits = {{delay_ms, -1}, {0, 0}};
    if (!entry.empty()) spec.tracks[1].entry = entry;
    for (test::Frame& frame : spec.tracks[1].frames)
        frame.duration = duration;
    MadeTitle made;
    made.add(spec);
    made.build({2000});
    return made;
}

std::uint32_t frames_before(const MadeTitle& made) {
    return made.line("audio-und").silence().count();
}

std::vector<Sample> read_back(Bytes fragment, std::uint32_t track) {
    const auto header = mezz::media::read_box_header(fragment, 0, fragment.size()).value();
    std::vector<Sample> samples;
    const auto size = static_cast<std::size_t>(header.payload_size());
    const auto ok = mezz::media::read_fragment({header.type, 0, 8, fragment.subspan(8, size)},
                                               {.track_id = track}, fragment.size(), samples);
    return ok ? samples : std::vector<Sample>();
}

}  // namespace

static const char* who_has_it() {
    MEZZ_CHECK(frames_before(late(6500)) == 280 && frames_before(late(99)) == 0);
    MEZZ_CHECK(frames_before(late(101)) == 5 && frames_before(late(0)) == 0);
    MEZZ_CHECK(frames_before(late(600000)) > 25000 && frames_before(late(601000)) == 0);
    MEZZ_CHECK(frames_before(late(6500, test::opus_entry())) == 325);
    const Buffer sbr =
        test::mp4a_entry(test::Fields().u32(0x2B920800));  // 44100 Hz, of which the core has half
    MEZZ_CHECK(frames_before(late(6500, sbr, 2048)) == 140 && frames_before(late(6500, sbr)) == 0);
    const MadeTitle made = late(6500);
    const TrackTimeline pictures = made.line("36p");
    MEZZ_CHECK(pictures.silence().count() == 0);
    return test::kFine;
}

// Frames of 20 to 96 ms. Not where there would be too much of them, or where not all streams of a packet are
// known.
static const char* codecs() {
    MEZZ_CHECK(frames_before(late(6500, test::flac_entry())) == 68);
    MEZZ_CHECK(frames_before(late(6500, test::mp3_entry(), 1058)) == 271);
    MEZZ_CHECK(frames_before(late(6500, test::mp3_entry(), 353)) == 0);  // of layer I
    MEZZ_CHECK(frames_before(late(6500, test::ac3_entry())) == 204);
    MEZZ_CHECK(frames_before(late(330000, test::ac3_entry())) > 10000 &&
               frames_before(late(360000, test::ac3_entry())) == 0);
    MEZZ_CHECK(frames_before(late(6500, test::atmos_entry())) == 204);
    MEZZ_CHECK(frames_before(late(6500, test::dependent_entry())) == 0);
    return test::kFine;
}

// Segments follow each other without a gap, and none is missing.
static const char* segments() {
    const MadeTitle made = late(6500);
    const TrackTimeline line = made.line("audio-und");
    const SegmentStarts starts(line);
    std::int64_t end = line.silence().time(0);
    const std::int64_t shift = mezz::package::decode_shift(line.track());
    MEZZ_CHECK(end <= 0 && end > -1024 && shift == -end);
    for (std::uint32_t n = 0; n < 6; ++n) {
        const PieceRange silent = line.silent_frames(n);
        MEZZ_CHECK(!line.empty(n) && !starts.empty(n) && silent.count() == starts.silent_frames(n).count());
        MEZZ_CHECK(silent.empty() == (n > 3) && line.pieces(n).empty() == (n < 3));
        MEZZ_CHECK(starts.start(n) == line.start(n) &&
                   starts.media_start(n) == std::max<std::int64_t>(end, 0));
        end = starts.start(n + 1);
        if (silent.empty()) continue;
        const Buffer fragment = mezz::package::silent_fragment(line.track(), line.silence(), silent, n);
        const std::vector<Sample> samples = read_back(fragment, 2);
        MEZZ_CHECK(samples.size() == silent.count());
        MEZZ_CHECK(fragment.size() ==
                   mezz::package::silent_fragment_size(line.track(), line.silence(), silent));
        MEZZ_CHECK(samples.front().dts - shift == line.silence().time(silent.first));
        MEZZ_CHECK(samples.back().dts + samples.back().duration - shift == line.silence().time(silent.last));
        MEZZ_CHECK(samples.back().offset + samples.back().size == fragment.size());
        if (n == 3)
            MEZZ_CHECK(line.silence().time(silent.last) == line.track().piece_time(line.pieces(n).first));
    }
    MEZZ_CHECK(end == line.track()->end);
    return test::kFine;
}

static const char* playlist() {
    const MadeTitle made = late(6500);
    std::string text;
    mezz::package::write_media_playlist({made.view(), made.rendition("audio-und"), made.line("audio-und"),
                                         mezz::package::Format::cmaf, "", ""},
                                        text);
    const auto read = test::PlaylistReader::read(text);
    std::uint64_t total = 0;
    for (const auto& segment : read.segments) {
        MEZZ_CHECK(!segment.gap && segment.micros <= 2500000);
        total += segment.micros;
    }
    MEZZ_CHECK(read.segments.size() == 6 && total == 11143991);
    return test::kFine;
}

int main() {
    const CMUnitTest tests[] = {MEZZ_CHECKED(who_has_it), MEZZ_CHECKED(codecs), MEZZ_CHECKED(segments),
                                MEZZ_CHECKED(playlist)};
    return cmocka_run_group_tests_name("silence", tests, nullptr, nullptr);
}
