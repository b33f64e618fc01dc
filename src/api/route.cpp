#include "api/route.hpp"

#include <optional>
#include <span>

#include "core/uuid.hpp"

namespace mezz::api {
namespace {

struct Call {
    std::string_view method;
    Endpoint endpoint;
};

// A path: what is before the id, if there is one, and what is behind it.
struct Pattern {
    std::string_view before;
    std::string_view after;
    bool has_id;
    std::span<const Call> calls;
    std::string_view allow;
};

constexpr Call kUpload[] = {{"POST", Endpoint::create_upload}};
constexpr Call kStore[] = {{"PUT", Endpoint::put_upload}};
constexpr Call kVideos[] = {{"GET", Endpoint::list_videos}, {"POST", Endpoint::create_video}};
constexpr Call kVideo[] = {
    {"GET", Endpoint::get_video}, {"PATCH", Endpoint::patch_video}, {"DELETE", Endpoint::delete_video}};
constexpr Call kStream[] = {{"GET", Endpoint::stream_video}};

constexpr Pattern kPatterns[] = {{"videos/upload", "", false, kUpload, "POST"},
                                 {"videos", "", false, kVideos, "GET, HEAD, POST"},
                                 {"videos/", "", true, kVideo, "GET, HEAD, PATCH, DELETE"},
                                 {"videos/", "/stream", true, kStream, "GET, HEAD"},
                                 {"uploads/", "", true, kStore, "PUT"}};

// The id in the path, empty if the pattern has none; nothing if the path does not fit.
std::optional<std::string> match(const Pattern& pattern, std::string_view path) {
    if (!pattern.has_id) return path == pattern.before ? std::optional<std::string>("") : std::nullopt;
    if (!path.starts_with(pattern.before)) return std::nullopt;
    path.remove_prefix(pattern.before.size());
    if (!path.ends_with(pattern.after)) return std::nullopt;
    path.remove_suffix(pattern.after.size());
    return canonical_uuid(path);
}

}  // namespace

std::expected<Route, NoRoute> find_route(std::string_view method, std::string_view path) {
    if (method == "HEAD") method = "GET";
    for (const Pattern& pattern : kPatterns) {
        auto id = match(pattern, path);
        if (!id) continue;
        for (const Call& call : pattern.calls)
            if (call.method == method) return Route{.endpoint = call.endpoint, .id = std::move(*id)};
        return std::unexpected(NoRoute{.allow = pattern.allow});
    }
    return std::unexpected(NoRoute{});
}

}  // namespace mezz::api
