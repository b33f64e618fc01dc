#include "media/file_scanner.hpp"

#include <algorithm>

#include "check.hpp"
#include "mp4_driver.hpp"
#include "mp4_fixture.hpp"

namespace test = mezz::test;
using mezz::Bytes;
using mezz::ErrorCode;
using mezz::media::FileIndexView;
using mezz::media::FileScanner;
using test::Buffer;
using test::Fields;
using test::FileSpec;
using test::refused;
using test::scan;

namespace {

FileSpec small_file() {
    return {.tracks = {test::video_track(60, 25), test::audio_track(110)}};
}

bool plays(Bytes file) {
    const auto block = scan(file);
    if (!block) return false;
    const FileIndexView index(*block);
    if (index.header().file_size != file.size() || index.track_count() != 2) return false;
    const auto samples = test::read_pieces(file, index.track(0), 0, 3);
    return samples && samples->size() == 60 && index.track(1)->sample_count == 110;
}

bool plays(const FileSpec& spec) {
    return plays(test::make_mp4(spec).bytes);
}

}  // namespace

static const char* finds_moov_wherever_it_is() {
    for (const bool first : {true, false}) {
        FileSpec spec = small_file();
        spec.moov_first = first;
        MEZZ_CHECK(plays(spec));
        spec.large_mdat = true;
        MEZZ_CHECK(plays(spec));
        spec.between = test::join({test::box("free", Fields().zeros(70000)), test::large_box("wide", {}),
                                   test::box("uuid", Fields().zeros(16))});
        MEZZ_CHECK(plays(spec));
    }
    FileSpec open = small_file();
    open.open_mdat = true;
    MEZZ_CHECK(plays(open));
    return test::kFine;
}

// A box header that ends just before, on or after the end of what was read.
static const char* headers_across_reads() {
    for (std::size_t size = 65536 - 60; size < 65536 + 20; ++size) {
        FileSpec spec = small_file();
        spec.between = test::box("free", Fields().zeros(size - 20 - 8));
        spec.large_mdat = true;
        spec.moov_first = size % 2 == 0;
        MEZZ_CHECK(plays(spec));
    }
    return test::kFine;
}

static const char* a_moov_that_lasts_to_the_end() {
    FileSpec spec = small_file();
    spec.moov_first = false;
    test::Mp4File file = test::make_mp4(spec);
    std::fill_n(file.bytes.begin() + static_cast<std::ptrdiff_t>(file.moov_offset), 4, std::byte{0});
    MEZZ_CHECK(plays(file.bytes));
    return test::kFine;
}

static const char* the_first_moov_counts() {
    const test::Mp4File file = test::make_mp4(small_file());
    MEZZ_CHECK(plays(test::join({file.bytes, test::box("moov", Fields().zeros(9))})));
    return test::kFine;
}

static const char* what_follows_does_not_matter() {
    const test::Mp4File file = test::make_mp4(small_file());
    MEZZ_CHECK(plays(test::join({file.bytes, Fields().u32(1).u32(2).u32(3)})));
    return test::kFine;
}

static const char* says_what_is_missing() {
    const test::Mp4File file = test::make_mp4(small_file());
    const auto end_of_moov = static_cast<std::size_t>(file.moov_offset + file.moov_size);
    MEZZ_CHECK(refused(scan({}), ErrorCode::bad_media, "moov: not found"));
    MEZZ_CHECK(refused(scan(Fields().u8(1)), ErrorCode::bad_media, "moov: not found"));
    MEZZ_CHECK(refused(scan(test::box("free", Fields().zeros(99))), ErrorCode::bad_media, "moov: not found"));
    MEZZ_CHECK(
        refused(scan(Fields().u32(4).text("ftyp").zeros(20)), ErrorCode::bad_media, "box: size is below"));
    MEZZ_CHECK(refused(scan(Fields().text("#EXTM3U\nfile:///etc/passwd")), ErrorCode::bad_media,
                       "box: size exceeds"));
    MEZZ_CHECK(
        refused(scan(Bytes(file.bytes).first(end_of_moov - 1)), ErrorCode::bad_media, "box: size exceeds"));
    // Complete, but the samples are cut off.
    MEZZ_CHECK(
        refused(scan(Bytes(file.bytes).first(end_of_moov + 100)), ErrorCode::bad_media, "stco: a sample"));
    const auto missing = scan(test::box("free", Fields().zeros(99)));
    MEZZ_CHECK(missing.error().offset == 107);
    return test::kFine;
}

static const char* moov_has_a_limit() {
    const test::Mp4File file = test::make_mp4(small_file());
    MEZZ_CHECK(scan(file.bytes, file.moov_size).has_value());
    MEZZ_CHECK(
        refused(scan(file.bytes, file.moov_size - 1), ErrorCode::too_large, "moov: over mezz_max_moov"));
    const Buffer claims = test::join({Fields().u32(1).text("moov").u64(1 << 20), Fields().zeros(1 << 20)});
    MEZZ_CHECK(refused(scan(claims, 1000), ErrorCode::too_large, "moov: over mezz_max_moov"));
    return test::kFine;
}

static const char* reads_little() {
    FileSpec spec = small_file();
    spec.between = test::box("free", Fields().zeros(3000000));
    spec.moov_first = false;
    const test::Mp4File file = test::make_mp4(spec);
    mezz::package::TsPieceCost cost;
    FileScanner scanner(file.bytes.size(), 1 << 24, cost);
    std::uint64_t bytes = 0;
    std::size_t reads = 0;
    for (; const auto need = scanner.need(); ++reads) {
        bytes += need->length;
        MEZZ_CHECK(scanner.feed(test::range_of(file.bytes, *need)).has_value());
    }
    MEZZ_CHECK(scanner.take_index().has_value() && reads <= 3 && bytes < 65536 + 2 * 4096 + file.moov_size);
    return test::kFine;
}

static const char* asks_before_the_end() {
    const test::Mp4File file = test::make_mp4(small_file());
    mezz::package::TsPieceCost cost;
    FileScanner scanner(file.bytes.size(), 1 << 24, cost);
    MEZZ_CHECK(refused(scanner.take_index(), ErrorCode::internal, "scanner: asked"));
    return test::kFine;
}

int main() {
    const CMUnitTest tests[] = {MEZZ_CHECKED(finds_moov_wherever_it_is),
                                MEZZ_CHECKED(headers_across_reads),
                                MEZZ_CHECKED(a_moov_that_lasts_to_the_end),
                                MEZZ_CHECKED(the_first_moov_counts),
                                MEZZ_CHECKED(what_follows_does_not_matter),
                                MEZZ_CHECKED(says_what_is_missing),
                                MEZZ_CHECKED(moov_has_a_limit),
                                MEZZ_CHECKED(reads_little),
                                MEZZ_CHECKED(asks_before_the_end)};
    return cmocka_run_group_tests_name("scanner", tests, nullptr, nullptr);
}
