// Fuzzes src/api/. The first byte of the input chooses what the rest is given to; each target checks a rule
// that must hold for every input, and traps if it does not.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <source_location>
#include <string>
#include <string_view>

#include "api/answers.hpp"
#include "api/content_type.hpp"
#include "api/list_query.hpp"
#include "api/requests.hpp"
#include "api/route.hpp"
#include "api/times.hpp"
#include "core/utf8.hpp"

namespace {

namespace api = mezz::api;
using Json = nlohmann::json;

void require(bool holds, const std::source_location& where = std::source_location::current()) {
    if (holds) return;
    std::fprintf(stderr, "rule at line %u does not hold\n", static_cast<unsigned>(where.line()));
    std::abort();
}

// Whatever the client sent, the problem is JSON and not much longer than a page.
void check_problem(const api::Problem& problem) {
    const std::string text = api::to_json(problem);
    const Json json = Json::parse(text, nullptr, false);
    require(json.is_object() && json["status"] == problem.status && text.size() < 2000);
    require(problem.status == 400 || problem.status == 413 || problem.status == 422);
}

void upload_body(std::string_view body) {
    constexpr std::uint64_t kMost = 1'000'000;
    const auto request = api::parse_upload_request(body, kMost);
    if (!request) return check_problem(request.error());
    require(api::is_upload_name(request->filename) && request->filename.find('/') == std::string::npos);
    require(request->size >= 1 && request->size <= kMost);
    require(api::canonical_content_type(request->content_type) == request->content_type);
}

// What PostgreSQL is given.
void check_particulars(const auto& given) {
    const auto is_text = [](const std::optional<std::string>& text) {
        return !text || (mezz::count_code_points(*text) && text->find('\0') == std::string::npos &&
                         text->size() <= 40000);
    };
    require(is_text(given.title) && is_text(given.description) && is_text(given.access));
    require(!given.title || (!given.title->empty() && given.title->find('\n') == std::string::npos));
    if (given.access) {
        require(Json::parse(*given.access, nullptr, false).is_object());
        require(given.access->find("\\u0000") == std::string::npos ||
                given.access->find("\\\\u0000") != std::string::npos);
    }
    for (const auto& time : {given.available_from, given.available_until}) {
        if (!time || time->empty()) continue;
        const auto micros = api::parse_time(*time);
        require(micros && api::time_text(*micros) == *time);
    }
}

void video_body(std::string_view body) {
    const auto request = api::parse_video_request(body);
    if (!request) return check_problem(request.error());
    require(request->upload_id.size() == 36);
    require(request->available_from != "" && request->available_until != "");
    check_particulars(*request);
}

void patch_body(std::string_view body) {
    const auto patch = api::parse_video_patch(body);
    if (!patch) return check_problem(patch.error());
    check_particulars(*patch);
}

void list_arguments(std::string_view query) {
    const auto list = api::parse_list_query(query);
    if (!list) return check_problem(list.error());
    require(list->limit >= 1 && list->limit <= api::kMaxLimit && list->q.find('\0') == std::string::npos);
    require(mezz::count_code_points(list->q).value_or(api::kMaxSearch + 1) <= api::kMaxSearch);
    if (!list->cursor) return;
    const std::string text = api::write_cursor(*list->cursor, list->q, list->status);
    require(api::read_cursor(text, list->q, list->status) == list->cursor);
}

void cursor(std::string_view json) {
    const std::string text =
        api::write_cursor({.rank = "0", .uploaded_us = 0, .video_id = std::string(json)}, "", "");
    const auto found = api::read_cursor(text, "", "");
    require(!found || found->video_id.size() == 36);
}

void media_type(std::string_view text) {
    const auto type = api::canonical_content_type(text);
    if (!type) return;
    require(api::canonical_content_type(*type) == *type && type->size() <= 255);
    for (const char c : *type)
        require(c >= ' ' && c <= '~' && !(c >= 'A' && c <= 'Z'));
}

void time_value(std::string_view text) {
    const auto time = api::parse_time(text);
    if (time) require(api::parse_time(api::time_text(*time)) == time);
}

void route(std::string_view path) {
    for (const char* method : {"GET", "POST", "PUT", "PATCH", "DELETE"}) {
        const auto found = api::find_route(method, path);
        if (found) require(found->id.empty() || found->id.size() == 36);
    }
}

// A row as PostgreSQL might hold it, with any JSON.
void row(std::string_view json) {
    const api::Links links{.base = "", .stream_location = "/v/", .sign = nullptr};
    for (const auto& text : {api::video_answer(json, links), api::stream_answer(json, links, 0)})
        if (text) require(Json::parse(*text, nullptr, false).is_object());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const std::string_view rest(reinterpret_cast<const char*>(data) + 1, size - 1);
    switch (data[0]) {
        case 'u':
            upload_body(rest);
            break;
        case 'v':
            video_body(rest);
            break;
        case 'p':
            patch_body(rest);
            break;
        case 'l':
            list_arguments(rest);
            break;
        case 'c':
            cursor(rest);
            break;
        case 'm':
            media_type(rest);
            break;
        case 't':
            time_value(rest);
            break;
        case 'r':
            route(rest);
            break;
        case 'a':
            row(rest);
            break;
        default:
            return -1;
    }
    return 0;
}
