#include "api/problem.hpp"

#include <nlohmann/json.hpp>

namespace mezz::api {
namespace {

using Json = nlohmann::ordered_json;

Problem problem(int status, std::string_view slug, std::string_view title, std::string_view detail = {}) {
    Problem made;
    made.status = status;
    made.slug = slug;
    made.title = title;
    made.detail = detail;
    return made;
}

void add(Json& json, const char* name, const std::string& text) {
    if (!text.empty()) json[name] = text;
}

// Names come from clients and may be as long as a body.
std::string shortened(std::string_view name) {
    constexpr std::size_t kLongest = 100;
    return std::string(name.substr(0, kLongest));
}

}  // namespace

std::string to_json(const Problem& problem) {
    Json json{{"type", "urn:mezz:problem:" + std::string(problem.slug)},
              {"title", problem.title},
              {"status", problem.status}};
    add(json, "detail", problem.detail);
    add(json, "field", problem.field);
    add(json, "video_id", problem.video_id);
    add(json, "reason", problem.reason);
    return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Problem malformed_json() {
    return problem(400, "malformed-json", "The body is not a JSON object",
                   "It must be one JSON object in UTF-8 that names no member twice and is not too deep.");
}

Problem invalid_argument(std::string_view name, std::string_view detail) {
    Problem made = problem(400, "invalid-argument", "An argument of the query is not valid", detail);
    made.field = shortened(name);
    return made;
}

Problem length_mismatch() {
    return problem(400, "length-mismatch", "The body is not as long as was announced");
}

Problem unauthorized(std::string_view verdict) {
    Problem made =
        problem(401, "unauthorized", "A valid token is needed", "Token: " + std::string(verdict) + '.');
    made.challenge = "Bearer";
    return made;
}

Problem insufficient_scope(std::string_view scope) {
    return problem(403, "insufficient-scope", "The token does not allow this",
                   "It needs the scope \"" + std::string(scope) + "\".");
}

Problem denied(std::string_view reason) {
    return problem(403, "denied", "This is not allowed", reason);
}

Problem bad_upload_signature() {
    return problem(403, "bad-signature", "The upload URL is not valid");
}

Problem expired_upload_url() {
    return problem(403, "expired-url", "The upload URL has expired");
}

Problem not_found(std::string_view detail) {
    return problem(404, "not-found", "There is nothing here", detail);
}

Problem method_not_allowed(std::string_view allow) {
    Problem made = problem(405, "method-not-allowed", "This method is not possible here",
                           "Possible are: " + std::string(allow) + '.');
    made.allow = allow;
    return made;
}

Problem upload_used(std::string_view video_id) {
    Problem made = problem(409, "upload-used", "A video was made of this upload already");
    made.video_id = video_id;
    return made;
}

Problem upload_incomplete() {
    return problem(409, "upload-incomplete", "The file is not uploaded yet",
                   "Send it to upload_url first, then ask again.");
}

Problem upload_exists() {
    return problem(409, "upload-exists", "The file is uploaded already");
}

Problem upload_expired() {
    return problem(409, "upload-expired", "The upload has expired",
                   "It was announced too long ago. Announce and send it again.");
}

Problem not_ready(int retry_after) {
    Problem made = problem(409, "not-ready", "The video is not ready yet");
    made.retry_after = retry_after;
    return made;
}

Problem video_failed(std::string_view reason) {
    Problem made = problem(409, "failed", "The video could not be processed", reason);
    made.reason = reason;
    return made;
}

Problem length_required() {
    return problem(411, "length-required", "Content-Length is needed");
}

Problem too_large(std::string_view detail) {
    return problem(413, "too-large", "This is too large", detail);
}

Problem unsupported_media_type(std::string_view expected) {
    return problem(415, "unsupported-media-type", "The Content-Type is not right",
                   "It must be " + std::string(expected) + '.');
}

Problem invalid_field(std::string_view field, std::string_view detail) {
    Problem made = problem(422, "invalid-field", "A member of the body is not valid", detail);
    made.field = shortened(field);
    return made;
}

Problem internal_error() {
    return problem(500, "internal", "Something is wrong here");
}

Problem unavailable(int retry_after) {
    Problem made = problem(503, "unavailable", "This is not possible for the moment",
                           "A service that this needs is away. Try again later.");
    made.retry_after = retry_after;
    return made;
}

Problem no_space() {
    return problem(507, "no-space", "There is no room left for the file");
}

}  // namespace mezz::api
