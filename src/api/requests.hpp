// The bodies of the API's requests.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "api/problem.hpp"

namespace mezz::api {

inline constexpr std::size_t kMaxBody = 65536;         ///< bytes
inline constexpr std::size_t kMaxTitle = 500;          ///< characters
inline constexpr std::size_t kMaxDescription = 10000;  ///< characters
inline constexpr std::size_t kMaxFilename = 255;       ///< bytes
inline constexpr std::size_t kMaxAccess = 8192;        ///< bytes of JSON
inline constexpr int kMaxAccessDepth = 8;

/// POST videos/upload.
struct UploadRequest {
    std::string filename;
    std::uint64_t size = 0;    ///< bytes
    std::string content_type;  ///< canonical
};

/// POST videos. Times are canonical texts in UTC.
struct VideoRequest {
    std::string upload_id;  ///< a UUID in lower case
    std::optional<std::string> title;
    std::optional<std::string> description;
    std::optional<std::string> access;  ///< the text of a JSON object
    std::optional<std::string> available_from;
    std::optional<std::string> available_until;
};

/// PATCH videos/{id}. What is absent stays as it is; an empty time clears.
struct VideoPatch {
    std::optional<std::string> title;
    std::optional<std::string> description;
    std::optional<std::string> access;
    std::optional<std::string> available_from;
    std::optional<std::string> available_until;
};

/// Reads a body. The problem is 400 malformed-json if it is not one JSON object in UTF-8, has a member twice,
/// is larger than kMaxBody, deeper than 16 levels or of more than 128 members in all; 422 invalid-field,
/// naming the member, for one that is unknown, missing, of the wrong type or against a limit; 413 too-large
/// for a size above `max_size`. Throws std::bad_alloc only.
[[nodiscard]] std::expected<UploadRequest, Problem> parse_upload_request(std::string_view body,
                                                                         std::uint64_t max_size);
[[nodiscard]] std::expected<VideoRequest, Problem> parse_video_request(std::string_view body);
[[nodiscard]] std::expected<VideoPatch, Problem> parse_video_patch(std::string_view body);

/// True for the names that an upload may have: 1 to kMaxFilename bytes of UTF-8 that name one file of a
/// folder (neither '/' nor control characters, not "." or ".."). Names that begin with a dot or a dash are
/// among them.
[[nodiscard]] bool is_upload_name(std::string_view name) noexcept;

}  // namespace mezz::api
