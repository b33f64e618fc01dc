#include "api/problem.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <vector>

#include "check.hpp"

namespace api = mezz::api;
using Json = nlohmann::json;
using mezz::test::kFine;

static const char* has_the_members() {
    MEZZ_CHECK(api::to_json(api::upload_used("8c4d")) ==
               R"({"type":"urn:mezz:problem:upload-used","title":"A video was made of this upload already",)"
               R"("status":409,"video_id":"8c4d"})");
    const Json field = Json::parse(api::to_json(api::invalid_field("title", "It is \"bad\"\n\x01.")));
    MEZZ_CHECK(field["status"] == 422 && field["type"] == "urn:mezz:problem:invalid-field");
    MEZZ_CHECK(field["field"] == "title" && field["detail"] == "It is \"bad\"\n\x01." && field.size() == 5);
    const Json failed = Json::parse(api::to_json(api::video_failed("There is no picture.")));
    MEZZ_CHECK(failed["type"] == "urn:mezz:problem:failed" && failed["reason"] == "There is no picture.");
    return kFine;
}

static const char* headers_belong_to_statuses() {
    MEZZ_CHECK(api::unauthorized("expired").challenge == "Bearer");
    MEZZ_CHECK(api::to_json(api::unauthorized("expired")).find("expired") != std::string::npos);
    MEZZ_CHECK(api::method_not_allowed("PUT").allow == "PUT" && api::not_ready(3).retry_after == 3);
    MEZZ_CHECK(api::unavailable(5).retry_after == 5 && api::internal_error().retry_after == 0);
    return kFine;
}

static const char* statuses_and_types() {
    const std::pair<api::Problem, int> all[] = {{api::malformed_json(), 400},
                                                {api::invalid_argument("q", "d"), 400},
                                                {api::length_mismatch(), 400},
                                                {api::unauthorized("missing"), 401},
                                                {api::insufficient_scope("a"), 403},
                                                {api::denied(""), 403},
                                                {api::bad_upload_signature(), 403},
                                                {api::expired_upload_url(), 403},
                                                {api::not_found(""), 404},
                                                {api::method_not_allowed("GET"), 405},
                                                {api::upload_used(""), 409},
                                                {api::upload_incomplete(), 409},
                                                {api::upload_exists(), 409},
                                                {api::upload_expired(), 409},
                                                {api::not_ready(1), 409},
                                                {api::video_failed("r"), 409},
                                                {api::length_required(), 411},
                                                {api::too_large("d"), 413},
                                                {api::unsupported_media_type("a/b"), 415},
                                                {api::invalid_field("f", "d"), 422},
                                                {api::internal_error(), 500},
                                                {api::unavailable(1), 503},
                                                {api::no_space(), 507}};
    std::vector<std::string_view> slugs;
    for (const auto& [problem, status] : all) {
        const Json json = Json::parse(api::to_json(problem));
        MEZZ_CHECK(problem.status == status && json["status"] == status && !json["title"].empty());
        MEZZ_CHECK(json["type"] == "urn:mezz:problem:" + std::string(problem.slug));
        MEZZ_CHECK(std::ranges::find(slugs, problem.slug) == slugs.end());
        slugs.push_back(problem.slug);
    }
    return kFine;
}

// A client's own bytes come back shortened and as UTF-8.
static const char* survives_any_text() {
    const Json field = Json::parse(api::to_json(api::invalid_field(std::string(5000, '\xC3'), "\xFF\x80")));
    MEZZ_CHECK(field["field"].get<std::string>().size() <= 300 && field["detail"].is_string());
    return kFine;
}

int main() {
    const CMUnitTest tests[] = {MEZZ_CHECKED(has_the_members), MEZZ_CHECKED(headers_belong_to_statuses),
                                MEZZ_CHECKED(statuses_and_types), MEZZ_CHECKED(survives_any_text)};
    return cmocka_run_group_tests_name("api_problem", tests, nullptr, nullptr);
}
