#include "catalog/catalog_entry.hpp"

#include "check.hpp"
#include "mp4_driver.hpp"

namespace catalog = mezz::catalog;
using catalog::EntryStatus;
using catalog::parse_catalog_entry;
using mezz::ErrorCode;
using mezz::test::kFine;
using mezz::test::refused;

namespace {

const std::string kId = "8c4d0a4e-9d0f-4a55-8a5b-0d6f1c2e3a4b";
constexpr const char* kAsset =
    R"({"version":1,"revision":3,"renditions":[{"name":"720p","file":"720p.mp4","height":720}]})";

std::string entry(const std::string& status, const std::string& asset = "null",
                  const std::string& revision = "4") {
    return R"({"video_id" : ")" + kId + R"(", "status" : ")" + status + R"(", "revision" : )" + revision +
           R"(, "asset" : )" + asset + "}";
}

bool is(const std::string& text, EntryStatus status) {
    const auto found = parse_catalog_entry(text, kId);
    return found && found->status == status && found->revision == 4 && found->asset.renditions.empty();
}

bool bad(const std::string& text, std::string_view why) {
    return refused(parse_catalog_entry(text, kId), ErrorCode::bad_media, why);
}

}  // namespace

static const char* every_status() {
    const auto ready = parse_catalog_entry(entry("ready", kAsset), kId);
    MEZZ_CHECK(ready && ready->status == EntryStatus::ready && ready->revision == 4);
    MEZZ_CHECK(ready->asset.renditions.size() == 1 && ready->asset.renditions[0].height == 720);
    MEZZ_CHECK(is(entry("uploading"), EntryStatus::uploading));
    MEZZ_CHECK(is(entry("processing"), EntryStatus::processing));
    MEZZ_CHECK(is(entry("failed"), EntryStatus::failed) && is(entry("gone", kAsset), EntryStatus::gone));
    const auto unknown = parse_catalog_entry(catalog::kUnknownEntry, kId);
    MEZZ_CHECK(unknown && unknown->status == EntryStatus::unknown);
    return kFine;
}

// Redis may still have entries of before there were titles in them.
static const char* what_it_is_called() {
    const auto with = [](const std::string& title) {
        std::string text = entry("ready", kAsset);
        return text.insert(1, "\"title\" : " + title + ", ");
    };
    const auto named = parse_catalog_entry(with(R"("Am See \u0000\"\ud83c\udfd6")"), kId);
    MEZZ_CHECK(named && named->title == std::string_view("Am See \0\"\xF0\x9F\x8F\x96", 13));
    for (const std::string& none : {entry("ready", kAsset), with("null"), with("\"\"")}) {
        const auto old = parse_catalog_entry(none, kId);
        MEZZ_CHECK(old && old->title.empty() && old->asset.renditions.size() == 1);
    }
    for (const char* title : {"7", "true", "[\"x\"]", "{}"})
        MEZZ_CHECK(bad(with(title), "catalog entry: \"title\""));
    return kFine;
}

static const char* nothing_else() {
    for (const char* text : {"", "null", "[]", "{", "7", "\"ready\"", "{} {}"})
        MEZZ_CHECK(bad(text, "catalog entry: is no JSON object"));
    MEZZ_CHECK(bad(std::string(200000, '['), "catalog entry: is no JSON object"));
    MEZZ_CHECK(bad(entry("ready", std::string(1 << 20, ' ') + "null"), "catalog entry: is too large"));
    for (const char* text : {"{}", R"({"status":7})", R"({"status":null})", R"({"status":"Ready"})"})
        MEZZ_CHECK(bad(text, "catalog entry: \"status\""));
    MEZZ_CHECK(bad(R"({"status":"ready"})", "catalog entry: \"video_id\""));
    MEZZ_CHECK(bad(R"({"status":"gone","video_id":7})", "catalog entry: \"video_id\""));
    MEZZ_CHECK(bad(R"({"status":"gone","video_id":"8c4d0a4e-9d0f-4a55-8a5b-0d6f1c2e3a4c","revision":1})",
                   "catalog entry: \"video_id\""));
    for (const char* revision : {"-1", "1.5", "null", "\"1\"", "1e30"})
        MEZZ_CHECK(bad(entry("failed", "null", revision), "catalog entry: \"revision\""));
    MEZZ_CHECK(bad(entry("ready"), "asset.json: is no JSON object"));
    MEZZ_CHECK(bad(entry("ready", R"({"version":1,"revision":3,"renditions":[{"name":"a","file":"../b"}]})"),
                   "asset.json: a rendition's \"file\""));
    return kFine;
}

static const char* names_in_redis() {
    MEZZ_CHECK(catalog::asset_key(kId) == "mezz:asset:" + kId &&
               catalog::worker_key("w1") == "mezz:worker:w1");
    return kFine;
}

int main() {
    const CMUnitTest tests[] = {MEZZ_CHECKED(every_status), MEZZ_CHECKED(what_it_is_called),
                                MEZZ_CHECKED(nothing_else), MEZZ_CHECKED(names_in_redis)};
    return cmocka_run_group_tests_name("catalog_entry", tests, nullptr, nullptr);
}
