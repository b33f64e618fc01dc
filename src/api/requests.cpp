#include "api/requests.hpp"

#include <algorithm>
#include <initializer_list>
#include <nlohmann/json.hpp>

#include "api/content_type.hpp"
#include "api/times.hpp"
#include "core/utf8.hpp"
#include "core/uuid.hpp"
#include "token/json_object.hpp"

namespace mezz::api {
namespace {

using Json = nlohmann::json;
using Fault = std::optional<Problem>;

std::expected<Json, Problem> read_body(std::string_view body,
                                       std::initializer_list<std::string_view> members) {
    // The first reading limits depth and finds duplicates, which a document does not show.
    if (body.size() > kMaxBody || !token::read_json_object(body, {}))
        return std::unexpected(malformed_json());
    Json document = Json::parse(body, nullptr, false);
    if (!document.is_object()) return std::unexpected(malformed_json());
    for (const auto& [name, value] : document.items())
        if (std::ranges::find(members, name) == members.end())
            return std::unexpected(invalid_field(name, "There is no such member."));
    return document;
}

// A member that is a text; nullptr if it is absent.
std::expected<const std::string*, Problem> find_text(const Json& body, const char* name) {
    const auto found = body.find(name);
    if (found == body.end()) return nullptr;
    if (!found->is_string()) return std::unexpected(invalid_field(name, "It must be a text."));
    return found->get_ptr<const std::string*>();
}

bool has_control(std::string_view text, std::string_view except = {}) noexcept {
    while (!text.empty()) {
        const auto code = pop_code_point(text);
        if (!code) return true;
        const bool allowed = *code < 0x80 && except.find(static_cast<char>(*code)) != std::string_view::npos;
        if (is_control(*code) && !allowed) return true;
    }
    return false;
}

Fault read_title(const Json& body, std::optional<std::string>& out) {
    const auto text = find_text(body, "title");
    if (!text) return text.error();
    if (*text == nullptr) return std::nullopt;
    const std::size_t count = count_code_points(**text).value_or(0);
    if (count == 0 || count > kMaxTitle) return invalid_field("title", "It must have 1 to 500 characters.");
    if (has_control(**text))
        return invalid_field("title", "It must not have line breaks or control characters.");
    if ((*text)->find_first_not_of(' ') == std::string::npos)
        return invalid_field("title", "It must not be blank.");
    out = **text;
    return std::nullopt;
}

Fault read_description(const Json& body, std::optional<std::string>& out) {
    const auto text = find_text(body, "description");
    if (!text) return text.error();
    if (*text == nullptr) return std::nullopt;
    if (count_code_points(**text).value_or(kMaxDescription + 1) > kMaxDescription)
        return invalid_field("description", "It must have at most 10000 characters.");
    if (has_control(**text, "\n\r\t"))
        return invalid_field("description", "It must not have control characters but line breaks and tabs.");
    out = **text;
    return std::nullopt;
}

bool has_nul(std::string_view text) noexcept {
    return text.find('\0') != std::string_view::npos;
}

// Depth is bounded by the first reading of the body. jsonb does not take NUL.
bool is_storable(const Json& value, int depth) {
    if (value.is_string()) return !has_nul(value.get_ref<const std::string&>());
    if (!value.is_structured()) return true;
    if (depth >= kMaxAccessDepth) return false;
    for (const auto& [name, item] : value.items())
        if (has_nul(name) || !is_storable(item, depth + 1)) return false;
    return true;
}

Fault read_access(const Json& body, std::optional<std::string>& out) {
    const auto found = body.find("access");
    if (found == body.end()) return std::nullopt;
    if (!found->is_object()) return invalid_field("access", "It must be an object.");
    if (!is_storable(*found, 0))
        return invalid_field("access", "It must not be deeper than 8 levels or have NUL in a text.");
    std::string text = found->dump();
    if (text.size() > kMaxAccess) return invalid_field("access", "It must not be longer than 8192 bytes.");
    out = std::move(text);
    return std::nullopt;
}

// One of the times of the window; `micros` stays empty if there is none. null gives an empty text.
Fault read_time(const Json& body, const char* name, std::optional<std::string>& out,
                std::optional<std::int64_t>& micros) {
    const auto found = body.find(name);
    if (found == body.end()) return std::nullopt;
    if (found->is_null()) {
        out = "";
        return std::nullopt;
    }
    if (found->is_string()) micros = parse_time(found->get_ref<const std::string&>());
    if (!micros)
        return invalid_field(name, "It must be a time such as 2026-11-30T12:00:00Z (RFC 3339) or null.");
    out = time_text(*micros);
    return std::nullopt;
}

// What videos are given when they are made and later.
template <class Request>
Fault read_particulars(const Json& body, Request& out) {
    if (Fault fault = read_title(body, out.title)) return fault;
    if (Fault fault = read_description(body, out.description)) return fault;
    if (Fault fault = read_access(body, out.access)) return fault;
    std::optional<std::int64_t> from;
    std::optional<std::int64_t> until;
    if (Fault fault = read_time(body, "available_from", out.available_from, from)) return fault;
    if (Fault fault = read_time(body, "available_until", out.available_until, until)) return fault;
    if (from && until && *from >= *until)
        return invalid_field("available_until", "It must be later than available_from.");
    return std::nullopt;
}

// In a body that is to change a video, null takes back what is not needed.
void replace_nulls(Json& body) {
    const auto replace = [&](const char* name, const Json& value) {
        const auto found = body.find(name);
        if (found != body.end() && found->is_null()) *found = value;
    };
    replace("description", "");
    replace("access", Json::object());
}

Fault read_size(const Json& body, std::uint64_t max_size, std::uint64_t& out) {
    const auto size = body.find("size");
    if (size == body.end()) return invalid_field("size", "It is missing.");
    // is_number_unsigned is false for 5.0 and for what does not fit into 64 bits.
    if (!size->is_number_unsigned() || size->get<std::uint64_t>() == 0)
        return invalid_field("size", "It must be the number of bytes, at least 1.");
    out = size->get<std::uint64_t>();
    if (out <= max_size) return std::nullopt;
    Problem problem = too_large("At most " + std::to_string(max_size) + " bytes can be uploaded.");
    problem.field = "size";
    return problem;
}

}  // namespace

bool is_upload_name(std::string_view name) noexcept {
    return !name.empty() && name.size() <= kMaxFilename && name != "." && name != ".." &&
           name.find('/') == std::string_view::npos && !has_control(name);
}

std::expected<UploadRequest, Problem> parse_upload_request(std::string_view body, std::uint64_t max_size) {
    const auto document = read_body(body, {"filename", "size", "content_type"});
    if (!document) return std::unexpected(document.error());
    UploadRequest request;
    const auto filename = find_text(*document, "filename");
    if (!filename) return std::unexpected(filename.error());
    if (*filename == nullptr) return std::unexpected(invalid_field("filename", "It is missing."));
    if (!is_upload_name(**filename))
        return std::unexpected(invalid_field(
            "filename",
            "It must be a file's name of 1 to 255 bytes, without folders or control characters."));
    request.filename = **filename;
    if (Fault fault = read_size(*document, max_size, request.size)) return std::unexpected(*fault);

    const auto content_type = find_text(*document, "content_type");
    if (!content_type) return std::unexpected(content_type.error());
    if (*content_type == nullptr) return std::unexpected(invalid_field("content_type", "It is missing."));
    auto canonical = canonical_content_type(**content_type);
    if (!canonical)
        return std::unexpected(invalid_field("content_type", "It must be a media type such as video/mp4."));
    request.content_type = std::move(*canonical);
    return request;
}

std::expected<VideoRequest, Problem> parse_video_request(std::string_view body) {
    auto document =
        read_body(body, {"upload_id", "title", "description", "access", "available_from", "available_until"});
    if (!document) return std::unexpected(document.error());
    VideoRequest request;
    const auto upload_id = find_text(*document, "upload_id");
    if (!upload_id) return std::unexpected(upload_id.error());
    if (*upload_id == nullptr) return std::unexpected(invalid_field("upload_id", "It is missing."));
    auto id = canonical_uuid(**upload_id);
    if (!id) return std::unexpected(invalid_field("upload_id", "It must be the id of an upload."));
    request.upload_id = std::move(*id);
    replace_nulls(*document);
    if (Fault fault = read_particulars(*document, request)) return std::unexpected(*fault);
    // A new video has nothing to clear.
    if (request.available_from == "") request.available_from.reset();
    if (request.available_until == "") request.available_until.reset();
    return request;
}

std::expected<VideoPatch, Problem> parse_video_patch(std::string_view body) {
    auto document = read_body(body, {"title", "description", "access", "available_from", "available_until"});
    if (!document) return std::unexpected(document.error());
    VideoPatch patch;
    replace_nulls(*document);
    if (Fault fault = read_particulars(*document, patch)) return std::unexpected(*fault);
    return patch;
}

}  // namespace mezz::api
