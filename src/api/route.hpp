// Which call of the API a request makes.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

namespace mezz::api {

enum class Endpoint : std::uint8_t {
    create_upload,  ///< POST videos/upload
    put_upload,     ///< PUT uploads/{id}
    create_video,   ///< POST videos
    list_videos,    ///< GET videos
    get_video,      ///< GET videos/{id}
    patch_video,    ///< PATCH videos/{id}
    delete_video,   ///< DELETE videos/{id}
    stream_video,   ///< GET videos/{id}/stream
};

struct Route {
    Endpoint endpoint = Endpoint::list_videos;
    std::string id{};  ///< of the upload or video, in lower case; empty where the path has none
};

/// Why there is no route. `allow` is empty if nothing has that path (404), or else the value of the Allow
/// header of a 405; static storage.
struct NoRoute {
    std::string_view allow{};
};

/// Finds the call. `method` is as the request line has it; HEAD counts as GET. `path` is the decoded path
/// behind the location ("videos/…"), without the query. Ids are UUIDs as canonical_uuid reads them.
[[nodiscard]] std::expected<Route, NoRoute> find_route(std::string_view method, std::string_view path);

}  // namespace mezz::api
