#include "api/route.hpp"

#include "check.hpp"

using mezz::api::Endpoint;
using mezz::api::find_route;
using mezz::test::kFine;

namespace {

const std::string kId = "8c4d0a4e-9d0f-4a55-8a5b-0d6f1c2e3a4b";

bool is(std::string_view method, const std::string& path, Endpoint endpoint, std::string_view id) {
    const auto route = find_route(method, path);
    return route && route->endpoint == endpoint && route->id == id;
}

// "" means that there is nothing; nullptr that there is a route.
const char* allowed(std::string_view method, const std::string& path) {
    const auto route = find_route(method, path);
    return route ? nullptr : route.error().allow.empty() ? "" : route.error().allow.data();
}

bool only(std::string_view method, const std::string& path, std::string_view allow) {
    const char* found = allowed(method, path);
    return found != nullptr && found == allow;
}

}  // namespace

static const char* every_call() {
    MEZZ_CHECK(is("POST", "videos/upload", Endpoint::create_upload, ""));
    MEZZ_CHECK(is("PUT", "uploads/" + kId, Endpoint::put_upload, kId));
    MEZZ_CHECK(is("POST", "videos", Endpoint::create_video, ""));
    MEZZ_CHECK(is("GET", "videos", Endpoint::list_videos, ""));
    MEZZ_CHECK(is("HEAD", "videos", Endpoint::list_videos, ""));
    MEZZ_CHECK(is("GET", "videos/" + kId, Endpoint::get_video, kId));
    MEZZ_CHECK(is("GET", "videos/8C4D0A4E-9d0f-4a55-8a5b-0d6f1c2e3a4B", Endpoint::get_video, kId));
    MEZZ_CHECK(is("PATCH", "videos/" + kId, Endpoint::patch_video, kId));
    MEZZ_CHECK(is("DELETE", "videos/" + kId, Endpoint::delete_video, kId));
    MEZZ_CHECK(is("GET", "videos/" + kId + "/stream", Endpoint::stream_video, kId));
    MEZZ_CHECK(is("HEAD", "videos/" + kId + "/stream", Endpoint::stream_video, kId));
    return kFine;
}

static const char* other_methods() {
    MEZZ_CHECK(only("GET", "videos/upload", "POST") && only("DELETE", "videos", "GET, HEAD, POST"));
    MEZZ_CHECK(only("POST", "uploads/" + kId, "PUT") && only("HEAD", "uploads/" + kId, "PUT"));
    MEZZ_CHECK(only("PUT", "videos/" + kId, "GET, HEAD, PATCH, DELETE"));
    MEZZ_CHECK(only("POST", "videos/" + kId + "/stream", "GET, HEAD"));
    MEZZ_CHECK(only("get", "videos", "GET, HEAD, POST") && only("", "videos", "GET, HEAD, POST"));
    return kFine;
}

static const char* nothing_there() {
    for (const std::string& path :
         {std::string(), std::string("/"), std::string("/videos"), std::string("videos/"),
          std::string("Videos"), std::string("videos/x"), "videos/" + kId + "/", "videos/" + kId + "/streams",
          "videos//" + kId, "videos/" + kId.substr(1), "videos/" + kId + "0", std::string("uploads"),
          "uploads/" + kId + "/stream", "videos/upload/" + kId, std::string("videos/upload/"),
          "videos/" + kId + std::string(1, '\0')})
        MEZZ_CHECK(only("GET", path, ""));
    return kFine;
}

int main() {
    const CMUnitTest tests[] = {MEZZ_CHECKED(every_call), MEZZ_CHECKED(other_methods),
                                MEZZ_CHECKED(nothing_there)};
    return cmocka_run_group_tests_name("api_route", tests, nullptr, nullptr);
}
