// The parts of the queue worker that need no server.
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <memory>

#include "backoff.hpp"
#include "check.hpp"
#include "clean_text.hpp"
#include "event_log.hpp"
#include "progress_meter.hpp"
#include "queue_message.hpp"
#include "redis_link.hpp"
#include "source_path.hpp"
#include "storage_sweep.hpp"

using namespace mezz;
using namespace mezz::worker;

namespace fs = std::filesystem;

static const std::string kId = "0123abcd-0000-4000-8000-00000000000f";

// What hiredis makes of bytes from a server.
static RedisReply reply(std::string_view bytes) {
    redisReader* const reader = redisReaderCreate();
    void* made = nullptr;
    redisReaderFeed(reader, bytes.data(), bytes.size());
    redisReaderGetReply(reader, &made);
    redisReaderFree(reader);
    return RedisReply(static_cast<redisReply*>(made));
}

static std::string bulk(std::string_view text) {
    return "$" + std::to_string(text.size()) + "\r\n" + std::string(text) + "\r\n";
}

static const char* uuids() {
    MEZZ_CHECK(is_uuid(kId));
    for (const char* text : {"", "0123ABCD-0000-4000-8000-00000000000f",
                             "0123abcd-0000-4000-8000-00000000000", "0123abcd-0000-4000-8000-00000000000ff",
                             "0123abcd00000-4000-8000-00000000000f", "../3abcd-0000-4000-8000-00000000000f"})
        MEZZ_CHECK(!is_uuid(text));
    return test::kFine;
}

static const char* source_paths() {
    const auto path = parse_source_path(kId + "/Ein Film (1).mp4");
    MEZZ_CHECK(path && path->folder == kId && path->file == "Ein Film (1).mp4");
    for (const char* file : {"\xC3\xA4..b", ".htaccess", "..."})
        MEZZ_CHECK(parse_source_path(kId + '/' + file).has_value());
    MEZZ_CHECK(parse_source_path(kId + '/' + std::string(255, 'x')).has_value());
    for (const std::string& file :
         {std::string(), std::string("."), std::string(".."), std::string("a/b"), std::string("/a"),
          std::string("a\nb"), std::string("a\0b", 3), std::string("\x7F"), std::string(256, 'x')})
        MEZZ_CHECK(!parse_source_path(kId + '/' + file));
    MEZZ_CHECK(!parse_source_path("film.mp4") && !parse_source_path("../" + kId) &&
               !parse_source_path("/" + kId + "/film.mp4") && !parse_source_path(kId));
    return test::kFine;
}

static const char* opens_nothing_through_links() {
    char pattern[] = "/tmp/mezz-queue-XXXXXX";
    const fs::path root = ::mkdtemp(pattern);
    fs::create_directory(root / kId);
    std::ofstream(root / kId / "a") << "x";
    std::ofstream(root / "b") << "x";
    fs::create_symlink(root / "b", root / kId / "link");
    const std::string other = "1" + kId.substr(1);
    fs::create_directory_symlink(root / kId, root / other);
    const bool plain = open_below(root.string(), kId + "/a").has_value();
    const bool link = open_below(root.string(), kId + "/link").has_value();
    const bool folder_link = open_below(root.string(), other + "/a").has_value();
    const bool removed = remove_folder(root.string(), other) && remove_folder(root.string(), other);
    const bool kept = fs::exists(root / kId / "a");
    const bool refused =
        !remove_folder(root.string(), "..") && !remove_folder(root.string(), "") && !remove_folder("", kId);
    fs::remove_all(root);
    MEZZ_CHECK(plain && !link && !folder_link && removed && kept && refused);
    return test::kFine;
}

static const char* waits() {
    Backoff backoff;
    auto last = backoff.next();
    MEZZ_CHECK(last == Backoff::kFirst);
    for (int i = 0; i < 20; ++i) {
        const auto next = backoff.next();
        MEZZ_CHECK(next >= last && next <= Backoff::kLongest);
        last = next;
    }
    MEZZ_CHECK(last == Backoff::kLongest);
    backoff.reset();
    MEZZ_CHECK(backoff.next() == Backoff::kFirst);
    MEZZ_CHECK(retry_delay(1) == seconds(5) && retry_delay(2) == seconds(20) &&
               retry_delay(3) == seconds(80));
    MEZZ_CHECK(retry_delay(0) == seconds(5) && retry_delay(1000) == retry_delay(7));
    return test::kFine;
}

static const char* progress_never_falls() {
    ProgressMeter meter;
    MEZZ_CHECK(meter.overall() == 0 && meter.detail() == R"({"stage":"probe","renditions":{}})");
    meter.take({"probe", {}, 100});
    MEZZ_CHECK(meter.overall() == 1);
    meter.take({"video", "720p", 50});
    meter.take({"video", "360p", 0});
    const double half = meter.overall();
    MEZZ_CHECK(half > 40 && half < 50);  // of what was known then
    meter.take({"video", "720p", 42.04});
    MEZZ_CHECK(meter.overall() == half);
    MEZZ_CHECK(meter.detail() == R"({"stage":"video","renditions":{"360p":0.0,"720p":42.0}})");
    meter.take({"video", "720p", 1e300});
    meter.take({"video", "360p", 100});
    MEZZ_CHECK(meter.overall() == 95);
    meter.take({"publish", {}, 0});
    MEZZ_CHECK(meter.overall() == 96 && meter.stage() == "publish");
    meter.take({"publish", {}, 100});
    meter.take({"probe", {}, 0});
    MEZZ_CHECK(meter.overall() == 99);
    return test::kFine;
}

static const char* progress_of_strange_names() {
    ProgressMeter meter;
    meter.take({"video", "a\"/b", 50});
    meter.take({"video", "", 50});
    meter.take({"dance", {}, 50});
    MEZZ_CHECK(meter.overall() == 0 && meter.stage() == "probe");
    for (int i = 0; i < 1000; ++i)
        meter.take({"video", "r" + std::to_string(i), 0});
    MEZZ_CHECK(meter.detail().size() < 1000);
    ProgressMeter sound;
    sound.take({"audio", {}, 100});
    MEZZ_CHECK(sound.overall() == 95);
    return test::kFine;
}

static const char* messages() {
    const std::string entry =
        "*2\r\n" + bulk("17-0") + "*4\r\n" + bulk("job_id") + bulk(kId) + bulk("video_id") + bulk("no uuid");
    const auto read = reply("*1\r\n*2\r\n" + bulk("mezz:jobs") + "*1\r\n" + entry);
    const auto message = parse_read(*read);
    MEZZ_CHECK(message && message->id == "17-0" && message->job_id == kId && message->video_id.empty());
    const auto claimed = parse_autoclaim(*reply("*3\r\n" + bulk("0-0") + "*1\r\n" + entry + "*0\r\n"));
    MEZZ_CHECK(claimed && claimed->job_id == kId);
    return test::kFine;
}

static const char* messages_that_are_none() {
    for (const char* bytes : {"*-1\r\n", "*0\r\n", "$-1\r\n", ":1\r\n", "+OK\r\n", "*1\r\n*0\r\n",
                              "*1\r\n*2\r\n$1\r\nx\r\n*0\r\n", "*1\r\n*2\r\n$1\r\nx\r\n*1\r\n:1\r\n",
                              "*1\r\n*2\r\n$1\r\nx\r\n*1\r\n*2\r\n:1\r\n*0\r\n"}) {
        const auto made = reply(bytes);
        MEZZ_CHECK(made && !parse_read(*made));
    }
    MEZZ_CHECK(!parse_autoclaim(*reply("*2\r\n$3\r\n0-0\r\n*0\r\n")));
    // One that was removed from the stream while it was pending.
    const auto gone = parse_read(*reply("*1\r\n*2\r\n$1\r\nx\r\n*1\r\n*2\r\n$3\r\n1-0\r\n*-1\r\n"));
    MEZZ_CHECK(gone && gone->id == "1-0" && gone->job_id.empty());
    return test::kFine;
}

static const char* addresses() {
    const auto tcp = parse_redis_address("127.0.0.1:6379");
    MEZZ_CHECK(tcp && tcp->host == "127.0.0.1" && tcp->port == 6379);
    const auto six = parse_redis_address("[::1]:1");
    MEZZ_CHECK(six && six->host == "::1" && six->port == 1);
    const auto path = parse_redis_address("unix:/run/redis.sock");
    MEZZ_CHECK(path && path->host.empty() && path->path == "/run/redis.sock");
    for (const char* text : {"", "host", ":1", "host:", "host:0", "host:65536", "host:1x", "::1:6379",
                             "unix:", "unix:relative", "[]:1"})
        MEZZ_CHECK(!parse_redis_address(text));
    return test::kFine;
}

static const char* log_lines() {
    const LogField fields[] = {{"job", kId}, {"error", "two \"words\"\n"}, {"empty", ""}};
    MEZZ_CHECK(event_line("job_failed", fields) ==
               "job_failed job=" + kId + R"( error="two \"words\"\n" empty="")");
    return test::kFine;
}

static const char* texts_for_a_database() {
    MEZZ_CHECK(clean_text("\xC3\xA4 \"x\"\n") == "\xC3\xA4 \"x\"\n");
    MEZZ_CHECK(clean_text("cut \xE2\x82") == "cut \xEF\xBF\xBD");
    MEZZ_CHECK(clean_text(std::string_view("a\0b", 3)) ==
               "a\xEF\xBF\xBD"
               "b");
    return test::kFine;
}

int main() {
    const CMUnitTest tests[] = {
        MEZZ_CHECKED(uuids),
        MEZZ_CHECKED(source_paths),
        MEZZ_CHECKED(opens_nothing_through_links),
        MEZZ_CHECKED(waits),
        MEZZ_CHECKED(progress_never_falls),
        MEZZ_CHECKED(progress_of_strange_names),
        MEZZ_CHECKED(messages),
        MEZZ_CHECKED(messages_that_are_none),
        MEZZ_CHECKED(addresses),
        MEZZ_CHECKED(log_lines),
        MEZZ_CHECKED(texts_for_a_database),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
