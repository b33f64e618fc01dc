// The parts of split titles that need neither a server nor a file.
#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

#include "check.hpp"
#include "core/bytes.hpp"
#include "job.hpp"
#include "memory_budget.hpp"
#include "metrics.hpp"
#include "part_joiner.hpp"
#include "split_planner.hpp"
#include "staging.hpp"

using namespace mezz;
using namespace mezz::worker;

static SplitPlan split_of_two() {
    SplitPlan split;
    split.chunks = {{.end = 300, .seconds = 12}, {.seek = 7, .from = 8, .first = 300, .seconds = 5}};
    split.video_end = 17000000;
    split.sound = true;
    split.memory_mib = 700;
    split.plan = "the plan";
    split.ladder = default_ladder();
    return split;
}

static const char* plans_survive_the_database() {
    const SplitPlan split = split_of_two();
    const auto read = parse_split(split.to_json());
    MEZZ_CHECK(read && read->chunks.size() == 2 && read->plan == "the plan" && read->sound &&
               read->memory_mib == 700 && read->ladder == split.ladder);
    MEZZ_CHECK(read->piece(0) == split.piece(0) && read->piece(1) == split.piece(1));
    MEZZ_CHECK(read->piece(1).seek == 7 && read->piece(1).end == INT64_MAX);
    TranscodeOrder order;
    order.ladder = split.ladder;
    order.work = Work::chunk;
    order.piece = split.piece(1);
    order.draft = true;
    order.workers = 7;
    order.set_aside_mib = 700;
    order.most_cost = 0.5;
    const auto told = parse_order(order.to_json());
    MEZZ_CHECK(told && told->work == Work::chunk && told->piece == order.piece && told->draft &&
               told->workers == 7 && told->set_aside_mib == 700 && told->most_cost == 0.5);
    return test::kFine;
}

static const char* chunks_by_workers() {
    const auto lengths = [](double seconds, std::uint32_t chunk, std::uint32_t workers, bool draft = false) {
        TranscodeOrder order;
        order.chunk_seconds = chunk;
        order.workers = workers;
        order.draft = draft;
        return chunk_lengths(seconds, order);
    };
    const auto count = [&lengths](auto... arguments) { return lengths(arguments...).size(); };
    MEZZ_CHECK(count(59, 30, 1) == 1 && count(60, 30, 1) == 2 && count(300, 30, 1) == 10);
    MEZZ_CHECK(count(59, 30, 4) == 4 && count(19, 30, 4) == 1 && count(0, 30, 4) == 1);
    MEZZ_CHECK(count(300, 30, 30) == 30 && count(300, 30, 1000) == 30);
    MEZZ_CHECK(count(12, 4, 1000) == 3 && count(1e9, 30, 1) == kMostChunks &&
               count(1e9, 30, 3) == kMostChunks);
    MEZZ_CHECK(count(300, 30, 1, true) == 1 && count(300, 30, 8, true) == 8 &&
               count(7200, 30, 1, true) == 24);
    MEZZ_CHECK(lengths(300, 30, 2)[7] == 30 && count(300, 30, 2) == 12 && count(300, 30, 8) == 16 &&
               count(60, 30, 2) == 4);
    for (const std::uint32_t workers : {2, 3, 4, 8, 29}) {
        const auto some = lengths(300, 30, workers);
        MEZZ_CHECK(std::ranges::is_sorted(some, std::greater<>()));
        MEZZ_CHECK(some.front() <= 30 && some.back() >= 10 && some.back() < 20);
        MEZZ_CHECK(std::abs(std::reduce(some.begin(), some.end()) - 300) < 1e-6);
    }
    return test::kFine;
}

static const char* plans_with_gaps_are_refused() {
    for (const std::int64_t first : {299, 301, 0}) {
        SplitPlan split = split_of_two();
        split.chunks[1].first = first;
        MEZZ_CHECK(!parse_split(split.to_json()));
    }
    SplitPlan open = split_of_two();
    open.chunks[1].end = 900;
    MEZZ_CHECK(!parse_split(open.to_json()));
    for (const char* text :
         {"", "{}", "[]", R"({"chunks":[]})", R"({"chunks":[{}],"plan":"","sound":true,"ladder":[]})"})
        MEZZ_CHECK(!parse_split(text));
    return test::kFine;
}

// moof { mfhd, traf { tfdt } }
static std::vector<std::byte> fragment(bool long_time, std::uint64_t time) {
    std::vector<std::byte> bytes;
    ByteWriter out(bytes);
    const std::uint32_t tfdt = long_time ? 20 : 16;
    out.u32(8 + 16 + 8 + tfdt);
    out.text("moof");
    out.u32(16);
    out.text("mfhd");
    out.u32(0);
    out.u32(1);
    out.u32(8 + tfdt);
    out.text("traf");
    out.u32(tfdt);
    out.text("tfdt");
    out.u32(long_time ? 1U << 24 : 0);
    if (long_time)
        out.u64(time);
    else
        out.u32(time);
    return bytes;
}

static const char* fragments_are_renumbered() {
    for (const bool long_time : {false, true}) {
        auto bytes = fragment(long_time, 500);
        MEZZ_CHECK(renumber_fragment(bytes, 77, 12000));
        auto expected = fragment(long_time, 12500);
        ByteWriter(expected).patch_u32(20, 77);
        MEZZ_CHECK(bytes == expected);
    }
    auto late = fragment(false, UINT32_MAX - 1);
    MEZZ_CHECK(!renumber_fragment(late, 1, 2) && renumber_fragment(late, 1, 1));
    const auto whole = fragment(true, 0);
    for (std::size_t length = 0; length < whole.size(); ++length) {
        std::vector<std::byte> cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(length));
        MEZZ_CHECK(!renumber_fragment(cut, 1, 0));
    }
    return test::kFine;
}

static const char* names_of_revisions() {
    MEZZ_CHECK(published_name("720p.mp4", 1) == "720p.mp4" && published_name("720p.mp4", 3) == "720p.r3.mp4");
    MEZZ_CHECK(published_name("subs-eng.vtt", 2) == "subs-eng.r2.vtt");
    MEZZ_CHECK(published_name("asset.json", 2) == "asset.json");
    MEZZ_CHECK(published_name("thumbs/poster.jpg", 2) == "thumbs/poster.jpg");
    return test::kFine;
}

static const char* memory_is_shared() {
    MemoryBudget budget(1000);
    std::vector<std::uint32_t> had;
    const auto take = [&](std::uint32_t need) {
        budget.claim([&](std::uint32_t mib) {
            had.push_back(mib);
            return need <= mib ? need : 0;
        });
    };
    take(3000);  // alone, it may
    take(1);
    budget.release(3000);
    MEZZ_CHECK(budget.take_passed_over() && !budget.take_passed_over());
    take(600);
    take(500);
    take(400);
    MEZZ_CHECK((had == std::vector<std::uint32_t>{INT32_MAX, 0, INT32_MAX, 400, 400}));
    return test::kFine;
}

static const char* metrics_as_text() {
    Metrics metrics;
    metrics.add(series("a_total", "kind", "x\"y"));
    metrics.add(series("a_total", "kind", "x\"y"), 1.5);
    metrics.set(series("b", "status", "queued"), 7);
    metrics.set("c", 1);
    MEZZ_CHECK(metrics.text() ==
               "# TYPE a_total counter\na_total{kind=\"x\\\"y\"} 2.5\n# TYPE b gauge\n"
               "b{status=\"queued\"} 7\n# TYPE c gauge\nc 1\n");
    metrics.clear("b");
    MEZZ_CHECK(metrics.text().find("b{") == std::string::npos);
    return test::kFine;
}

int main() {
    const CMUnitTest tests[] = {
        MEZZ_CHECKED(plans_survive_the_database),
        MEZZ_CHECKED(chunks_by_workers),
        MEZZ_CHECKED(plans_with_gaps_are_refused),
        MEZZ_CHECKED(fragments_are_renumbered),
        MEZZ_CHECKED(names_of_revisions),
        MEZZ_CHECKED(memory_is_shared),
        MEZZ_CHECKED(metrics_as_text),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
