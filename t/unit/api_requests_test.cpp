#include "api/requests.hpp"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "check.hpp"

namespace api = mezz::api;
using mezz::test::kFine;

namespace {

constexpr std::uint64_t kMost = 1'000'000;
const std::string kId = "8c4d0a4e-9d0f-4a55-8a5b-0d6f1c2e3a4b";

std::string upload(const std::string& members) {
    return R"({"filename":"a.mp4","size":5,"content_type":"video/mp4")" + members + "}";
}

// "STATUS slug field", or "ok".
template <class T>
std::string outcome(const std::expected<T, api::Problem>& result) {
    if (result) return "ok";
    const api::Problem& problem = result.error();
    return std::to_string(problem.status) + ' ' + std::string(problem.slug) +
           (problem.field.empty() ? "" : ' ' + problem.field);
}

std::string of_upload(const std::string& body) {
    return outcome(api::parse_upload_request(body, kMost));
}

std::string of_video(const std::string& members) {
    return outcome(api::parse_video_request(R"({"upload_id":")" + kId + "\"" + members + "}"));
}

std::string of_patch(const std::string& body) {
    return outcome(api::parse_video_patch(body));
}

bool is_invalid(const std::string& result, const std::string& field) {
    return result == "422 invalid-field " + field;
}

std::string nested(std::size_t levels) {
    std::string text;
    for (std::size_t i = 0; i < levels; ++i)
        text += R"({"a":)";
    return text + "1" + std::string(levels, '}');
}

}  // namespace

static const char* reads_uploads() {
    const auto request = api::parse_upload_request(
        R"({"filename":"-é \"'%2e.mp4","size":1000000,"content_type":"Video/MP4; x=Y"})", kMost);
    MEZZ_CHECK(request && request->filename == "-é \"'%2e.mp4" && request->size == kMost);
    MEZZ_CHECK(request->content_type == "video/mp4;x=y");
    MEZZ_CHECK(of_upload(R"({"size":5,"content_type":"a/b"})") == "422 invalid-field filename");
    MEZZ_CHECK(of_upload(R"({"filename":"a","content_type":"a/b"})") == "422 invalid-field size");
    MEZZ_CHECK(of_upload(R"({"filename":"a","size":5})") == "422 invalid-field content_type");
    MEZZ_CHECK(is_invalid(of_upload(upload(R"(,"title":"x")")), "title"));
    for (const char* size : {"0", "-1", "1.0", "5e3", "\"5\"", "null", "true", "[5]", "18446744073709551616"})
        MEZZ_CHECK(is_invalid(
            of_upload(R"({"filename":"a","content_type":"a/b","size":)" + std::string(size) + "}"), "size"));
    MEZZ_CHECK(of_upload(R"({"filename":"a","content_type":"a/b","size":1000001})") == "413 too-large size");
    for (const char* type : {"7", "null", "\"\"", "\"video\"", R"("a/b\r\nx: y")", R"("a/b\u0000")"})
        MEZZ_CHECK(
            is_invalid(of_upload(R"({"filename":"a","size":5,"content_type":)" + std::string(type) + "}"),
                       "content_type"));
    return kFine;
}

static const char* malformed_bodies() {
    for (const std::string& body :
         {std::string(), std::string("{"), std::string("[]"), std::string("null"), std::string("\"x\""),
          upload("") + "x", upload("") + std::string(1, '\0'), upload(R"(,"size":5)"),
          upload(R"(,"x":"\xff")"), upload(",\"x\":\"\xC3\""), upload(R"(,"x":"\ud800")"),
          upload(R"(,"x":{"a":1,"a":2})"), std::string(60000, '['), nested(9000), upload(",\"x\":1e999"),
          upload("") + std::string(70000, ' '), upload(",\"x\":NaN"), upload(",\"x\":01"), upload(",")})
        MEZZ_CHECK(of_upload(body) == "400 malformed-json");
    return kFine;
}

static const char* upload_names() {
    for (const char* name : {"a", ".htaccess", "-i", "...", "a b", "%2e%2e%2f", "a\\b", "\xE2\x80\xAEgpj.4pm",
                             "😀", "~", "con", "a'b\"c", "$(id)", "*"})
        MEZZ_CHECK(api::is_upload_name(name));
    MEZZ_CHECK(api::is_upload_name(std::string(255, 'x')) && !api::is_upload_name(std::string(256, 'x')));
    for (const char* name : {"", ".", "..", "a/b", "/", "../a", "a\nb", "a\rb", "\x7F", "\x1B[0m", "\xC2\x85",
                             "\xE2\x80\xA8", "\xC3", "\xED\xA0\x80", "a\tb"})
        MEZZ_CHECK(!api::is_upload_name(name));
    MEZZ_CHECK(!api::is_upload_name(std::string_view("a\0b", 3)));
    return kFine;
}

// The shared collection of nasty names, where it is there.
static const char* hostile_names() {
    const char* folder = std::getenv("MEZZ_HOSTILE");
    const auto path = std::filesystem::path(folder == nullptr ? "" : folder) / "NAMES.json";
    if (folder == nullptr || !std::filesystem::exists(path)) return kFine;
    std::ifstream file(path);
    const auto names = nlohmann::json::parse(file);
    MEZZ_CHECK(names.size() > 10);
    for (const auto& item : names) {
        const auto name = item.get<std::string>();
        const bool refused = name == "." || name == ".." || name.size() > 255 || name.empty() ||
                             name.find_first_of("/\n\r\t") != std::string::npos;
        const nlohmann::json body{{"filename", name}, {"size", 5}, {"content_type", "video/mp4"}};
        const auto request = api::parse_upload_request(body.dump(), kMost);
        MEZZ_CHECK(request.has_value() != refused);
        MEZZ_CHECK(refused || request->filename == name);
    }
    return kFine;
}

static const char* reads_videos() {
    const auto bare = api::parse_video_request(R"({"upload_id":"8C4D0A4E-9d0f-4a55-8a5b-0d6f1c2e3a4b"})");
    MEZZ_CHECK(bare && bare->upload_id == kId && !bare->title && !bare->description && !bare->access);
    MEZZ_CHECK(!bare->available_from && !bare->available_until);
    const auto full = api::parse_video_request(
        R"({"upload_id":")" + kId +
        R"(","title":"Ä \"x\"","description":"a\nb\tc","access":{"b":[1,{"c":null}],"a":"é"},)"
        R"("available_from":"2026-01-01T01:00:00+01:00","available_until":null})");
    MEZZ_CHECK(full && full->title == "Ä \"x\"" && full->description == "a\nb\tc");
    MEZZ_CHECK(full->access == R"({"a":"é","b":[1,{"c":null}]})");
    MEZZ_CHECK(full->available_from == "2026-01-01T00:00:00Z" && !full->available_until);
    MEZZ_CHECK(outcome(api::parse_video_request("{}")) == "422 invalid-field upload_id");
    for (const char* id : {"7", "null", "\"x\"", "\"8c4d0a4e9d0f4a558a5b0d6f1c2e3a4b\""})
        MEZZ_CHECK(is_invalid(outcome(api::parse_video_request(R"({"upload_id":)" + std::string(id) + "}")),
                              "upload_id"));
    MEZZ_CHECK(is_invalid(of_video(R"(,"status":"ready")"), "status"));
    return kFine;
}

static const char* limits_of_texts() {
    std::string wide;
    for (int i = 0; i < 500; ++i)
        wide += "😀";
    MEZZ_CHECK(of_video(",\"title\":\"" + wide + "\"") == "ok");
    for (const std::string& title :
         {wide + "x", std::string(501, 'x'), std::string(), std::string("  "), std::string("a\\nb"),
          std::string("\\u0000"), std::string("\\u0085"), std::string("\\u2028"), std::string("\\u007f")})
        MEZZ_CHECK(is_invalid(of_video(",\"title\":\"" + title + "\""), "title"));
    MEZZ_CHECK(is_invalid(of_video(R"(,"title":null)"), "title") &&
               is_invalid(of_video(R"(,"title":7)"), "title"));
    const std::string longest(10000, 'x');
    MEZZ_CHECK(of_video(",\"description\":\"" + longest + "\"") == "ok");
    MEZZ_CHECK(is_invalid(of_video(",\"description\":\"" + longest + "x\""), "description"));
    MEZZ_CHECK(is_invalid(of_video(R"(,"description":"\u0000")"), "description"));
    MEZZ_CHECK(of_video(R"(,"description":null)") == "ok" && of_video(R"(,"description":"")") == "ok");
    return kFine;
}

static const char* limits_of_access() {
    MEZZ_CHECK(of_video(",\"access\":" + nested(8)) == "ok");
    MEZZ_CHECK(is_invalid(of_video(",\"access\":" + nested(9)), "access"));
    MEZZ_CHECK(of_video(",\"access\":" + nested(16)) == "400 malformed-json");
    MEZZ_CHECK(of_video(R"(,"access":null)") == "ok" && of_video(R"(,"access":{"n":1e300})") == "ok");
    for (const char* access :
         {"[]", "7", "\"x\"", "true", R"({"a":"\u0000"})", R"({"a":[["\u0000"]]})", R"({"\u0000":1})"})
        MEZZ_CHECK(is_invalid(of_video(",\"access\":" + std::string(access)), "access"));
    const std::string fits = R"({"a":")" + std::string(8192 - 8, 'x') + "\"}";
    const std::string beyond = R"({"a":")" + std::string(8192 - 7, 'x') + "\"}";
    MEZZ_CHECK(fits.size() == 8192 && of_video(",\"access\":" + fits) == "ok");
    MEZZ_CHECK(is_invalid(of_video(",\"access\":" + beyond), "access"));
    return kFine;
}

static const char* windows() {
    const auto window = [](const std::string& from, const std::string& until) {
        return of_patch(R"({"available_from":")" + from + R"(","available_until":")" + until + "\"}");
    };
    MEZZ_CHECK(window("2026-01-01T00:00:00Z", "2026-01-01T00:00:01Z") == "ok");
    MEZZ_CHECK(is_invalid(window("2026-01-01T00:00:00Z", "2026-01-01T00:00:00Z"), "available_until"));
    MEZZ_CHECK(is_invalid(window("2026-01-01T00:00:00Z", "2026-01-01T00:30:00+01:00"), "available_until"));
    for (const char* time : {"7", "\"\"", "\"tomorrow\"", "\"2026-01-01\"", "\"infinity\"", "{}"})
        MEZZ_CHECK(is_invalid(of_patch(R"({"available_from":)" + std::string(time) + "}"), "available_from"));
    return kFine;
}

static const char* reads_patches() {
    const auto none = api::parse_video_patch("{}");
    MEZZ_CHECK(none && !none->title && !none->description && !none->access && !none->available_from);
    const auto cleared = api::parse_video_patch(
        R"({"description":null,"access":null,"available_from":null,"available_until":"2026-01-01T00:00:00Z"})");
    MEZZ_CHECK(cleared && cleared->description == "" && cleared->access == "{}" && !cleared->title);
    MEZZ_CHECK(cleared->available_from == "" && cleared->available_until == "2026-01-01T00:00:00Z");
    MEZZ_CHECK(is_invalid(of_patch(R"({"title":null})"), "title"));
    MEZZ_CHECK(is_invalid(of_patch(R"({"upload_id":"x"})"), "upload_id"));
    MEZZ_CHECK(is_invalid(of_patch(R"({"uploader_id":"eve"})"), "uploader_id"));
    return kFine;
}

int main() {
    const CMUnitTest tests[] = {
        MEZZ_CHECKED(reads_uploads),    MEZZ_CHECKED(malformed_bodies), MEZZ_CHECKED(upload_names),
        MEZZ_CHECKED(hostile_names),    MEZZ_CHECKED(reads_videos),     MEZZ_CHECKED(limits_of_texts),
        MEZZ_CHECKED(limits_of_access), MEZZ_CHECKED(windows),          MEZZ_CHECKED(reads_patches)};
    return cmocka_run_group_tests_name("api_requests", tests, nullptr, nullptr);
}
