// The bodies of the API's answers.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "api/list_query.hpp"
#include "core/error.hpp"

namespace mezz::api {

inline constexpr std::string_view kJsonType = "application/json";

/// How URLs are made. Texts are the caller's and outlive the call.
struct Links {
    std::string_view base;  ///< "https://video.example.org", without a slash at the end; may be empty
    std::string_view stream_location;  ///< "/v/"
    std::string_view token_arg = "token";
    /// Gives the token that opens a path and what is below it; empty where none is needed.
    std::function<std::string(std::string_view path)> sign;
};

/// A row of kBrowseVideos or kSearchVideos.
struct ListRow {
    std::string_view video;        ///< column 0
    std::string_view rank;         ///< column 1
    std::int64_t uploaded_us = 0;  ///< column 2
    std::string_view video_id;     ///< column 3
};

/// GET videos. Tokens open pictures only. `rows` are what was found with limit + 1; the last of these is not
/// shown but means that there is a next page. Fails with internal if a row is not what the statement gives.
[[nodiscard]] Result<std::string> list_answer(std::span<const ListRow> rows, const ListQuery& query,
                                              const Links& links);

/// GET and PATCH videos/{id}. Tokens open pictures only. `video` is the column of that name of kGetVideo.
/// Fails as list_answer.
[[nodiscard]] Result<std::string> video_answer(std::string_view video, const Links& links);

/// GET videos/{id}/stream of a video that is ready, with URLs that are valid until `expires`, seconds since
/// 1970. `video` as for video_answer.
[[nodiscard]] Result<std::string> stream_answer(std::string_view video, const Links& links,
                                                std::int64_t expires);

/// POST videos/upload.
struct UploadCreated {
    std::string_view upload_id;
    std::string_view upload_url;
    std::string_view content_type;
    std::uint64_t size = 0;
    std::int64_t expires = 0;  ///< seconds since 1970
};
[[nodiscard]] std::string upload_created_answer(const UploadCreated& upload);

/// PUT uploads/{id}.
[[nodiscard]] std::string upload_stored_answer(std::string_view upload_id, std::uint64_t size);

/// POST videos.
[[nodiscard]] std::string video_created_answer(std::string_view video_id);

}  // namespace mezz::api
