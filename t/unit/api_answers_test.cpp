#include "api/answers.hpp"

#include <nlohmann/json.hpp>

#include "check.hpp"

namespace api = mezz::api;
using Json = nlohmann::json;
using mezz::test::kFine;

namespace {

const std::string kId = "8c4d0a4e-9d0f-4a55-8a5b-0d6f1c2e3a4b";
const std::string kBase = "https://x.org/v/" + kId;

api::Links links() {
    return {.base = "https://x.org", .stream_location = "/v/", .sign = [](std::string_view path) {
                return (path.ends_with("/thumbs") ? "pictures-of-" : "for-") + std::string(path.substr(3, 8));
            }};
}

std::string row(const std::string& status, const std::string& more = "", const char* processed = "null") {
    return R"({"video_id" : ")" + kId +
           R"(", "title" : "</script>\u0001 é", "description" : "", "status" : ")" + status +
           R"(", "progress" : 42.5, "reason" : null, "duration_ms" : 9000, "uploader_id" : "ana",
           "uploaded_at" : "2026-11-25T19:21:07.420392Z", "processed_at" : )" +
           processed + R"(, "secret" : 1)" + more + "}";
}

const std::string kMade = R"(, "thumbs" : {"poster": "thumbs/poster.jpg",
    "storyboard": "thumbs/storyboard.vtt", "sheets": 2}, "access" : {"a": 1}, "stage" : "done",
    "progress_by_rendition" : {"720p": 100},
    "renditions" : [{"name": "720p", "file": "720p.mp4", "width": 1280, "height": 720, "codecs": "avc1.64001f",
    "bandwidth": 3000000}, {"name": "audio-eng", "file": "a.mp4", "language": "en"}],
    "notes" : ["One."], "available_from" : null, "available_until" : null, "updated_at" : "2026-11-25T19:21:07Z")";
const std::string kReady = row("ready", kMade, R"("2026-11-25T19:25:00.000000Z")");

}  // namespace

static const char* lists() {
    const std::string ready = kReady;
    const std::string other = row("processing", R"(, "thumbs" : null)");
    const api::ListRow rows[] = {{ready, "0.5", 7, kId}, {other, "0.25", 6, kId}, {other, "0.1", 5, kId}};
    api::ListQuery query;
    query.q = "boats";
    query.limit = 2;
    const auto text = api::list_answer(rows, query, links());
    MEZZ_CHECK(text.has_value());
    const Json page = Json::parse(*text);
    MEZZ_CHECK(page.size() == 2 && page["videos"].size() == 2);
    const Json& first = page["videos"][0];
    MEZZ_CHECK(first.size() == 11 && first["title"] == "</script>\x01 é" && first["progress"] == 42.5);
    MEZZ_CHECK(first["poster_url"] == kBase + "/thumbs/poster.jpg?token=pictures-of-8c4d0a4e");
    MEZZ_CHECK(page["videos"][1]["poster_url"].is_null() && !first.contains("secret"));
    const auto cursor = api::read_cursor(page["next_cursor"].get<std::string>(), "boats", "");
    MEZZ_CHECK(cursor && cursor->rank == "0.25" && cursor->uploaded_us == 6 && cursor->video_id == kId);
    query.limit = 3;
    MEZZ_CHECK(Json::parse(*api::list_answer(rows, query, links()))["next_cursor"].is_null());
    MEZZ_CHECK(*api::list_answer({}, query, links()) == R"({"videos":[],"next_cursor":null})");
    return kFine;
}

static const char* videos_that_are_ready() {
    const auto text = api::video_answer(kReady, links());
    MEZZ_CHECK(text.has_value());
    const Json video = Json::parse(*text);
    MEZZ_CHECK(video.size() == 19 && video["video_id"] == kId && video["stage"].is_null());
    MEZZ_CHECK(video["renditions"].size() == 2);
    MEZZ_CHECK(video["renditions"][0] == Json::parse(R"({"name":"720p","width":1280,"height":720,
        "codecs":"avc1.64001f","bandwidth":3000000,"language":null,"progress":100})"));
    MEZZ_CHECK(video["renditions"][1]["language"] == "en" && video["renditions"][1]["width"].is_null());
    MEZZ_CHECK(video["thumbnails"]["poster_url"] == video["poster_url"]);
    MEZZ_CHECK(video["thumbnails"]["storyboard_url"] ==
               kBase + "/thumbs/storyboard.vtt?token=pictures-of-8c4d0a4e");
    MEZZ_CHECK(video["notes"] == Json::array({"One."}) && video["access"]["a"] == 1);
    const auto copied = api::video_answer(row("ready", kMade), links());
    MEZZ_CHECK(copied.has_value() && Json::parse(*copied)["stage"] == "done");
    return kFine;
}

static const char* videos_in_work() {
    const auto text =
        api::video_answer(row("processing", R"(, "thumbs" : null, "access" : {}, "stage" : "video",
        "progress_by_rendition" : {"480p": 60, "720p": 42.0}, "renditions" : null, "notes" : null)"),
                          links());
    MEZZ_CHECK(text.has_value());
    const Json video = Json::parse(*text);
    MEZZ_CHECK(video["stage"] == "video" && video["notes"] == Json::array());
    MEZZ_CHECK(video["renditions"].size() == 2 && video["renditions"][0]["name"] == "480p");
    MEZZ_CHECK(video["renditions"][1]["progress"] == 42.0 && video["renditions"][1]["height"].is_null());
    MEZZ_CHECK(video["thumbnails"] == Json::parse(R"({"poster_url":null,"storyboard_url":null})"));
    MEZZ_CHECK(video["available_from"].is_null() && video.contains("updated_at"));
    return kFine;
}

static const char* streams() {
    const Json stream = Json::parse(*api::stream_answer(kReady, links(), 1'800'000'000));
    MEZZ_CHECK(stream.size() == 7 && stream["hls_url"] == kBase + "/hls/master.m3u8?token=for-8c4d0a4e");
    MEZZ_CHECK(stream["url"] == stream["hls_url"]);
    MEZZ_CHECK(stream["cmaf_url"] == kBase + "/cmaf/master.m3u8?token=for-8c4d0a4e");
    MEZZ_CHECK(stream["dash_url"] == kBase + "/cmaf/manifest.mpd?token=for-8c4d0a4e");
    MEZZ_CHECK(stream["expires_at"] == "2027-01-15T08:00:00Z");
    api::Links open = links();
    open.sign = nullptr;
    const Json plain = Json::parse(*api::stream_answer(row("ready"), open, 0));
    MEZZ_CHECK(plain["url"] == kBase + "/hls/master.m3u8" && plain["poster_url"].is_null());
    return kFine;
}

static const char* what_was_created() {
    MEZZ_CHECK(
        api::upload_created_answer({.upload_id = kId,
                                    .upload_url = "https://x.org/u?a=b&c=\"",
                                    .content_type = "video/mp4",
                                    .size = 5,
                                    .expires = 1'800'000'000}) ==
        R"({"upload_id":")" + kId +
            R"(","upload_url":"https://x.org/u?a=b&c=\"","method":"PUT","headers":)"
            R"({"Content-Type":"video/mp4","Content-Length":"5"},"expires_at":"2027-01-15T08:00:00Z"})");
    MEZZ_CHECK(api::upload_stored_answer(kId, 5) == R"({"upload_id":")" + kId + R"(","size":5})");
    MEZZ_CHECK(api::video_created_answer(kId) == R"({"video_id":")" + kId + R"(","status":"processing"})");
    return kFine;
}

static const char* rows_that_are_none() {
    for (const char* text : {"", "null", "[]", "{", "{}", R"({"video_id":7})"}) {
        const api::ListRow one{text, "0", 1, kId};
        MEZZ_CHECK(!api::video_answer(text, links()) && !api::stream_answer(text, links(), 1));
        MEZZ_CHECK(!api::list_answer(std::span(&one, 1), {}, links()));
    }
    const auto odd =
        api::video_answer(R"({"video_id":"\ud83d\ude00","renditions":[7,{}],"notes":7,"thumbs":[],
        "progress_by_rendition":[]})",
                          links());
    MEZZ_CHECK(odd && Json::parse(*odd)["renditions"].size() == 1);
    return kFine;
}

int main() {
    const CMUnitTest tests[] = {
        MEZZ_CHECKED(lists),   MEZZ_CHECKED(videos_that_are_ready), MEZZ_CHECKED(videos_in_work),
        MEZZ_CHECKED(streams), MEZZ_CHECKED(what_was_created),      MEZZ_CHECKED(rows_that_are_none)};
    return cmocka_run_group_tests_name("api_answers", tests, nullptr, nullptr);
}
