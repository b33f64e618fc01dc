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
    const CMUnitTest tests[] = {MEZZ_CHECKED(every_status), MEZZ_CHECKED(nothing_else),
                                MEZZ_CHECKED(names_in_redis)};
    return cmocka_run_group_tests_name("catalog_entry", tests, nullptr, nullptr);
}
