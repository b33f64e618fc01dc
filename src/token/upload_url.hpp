// The signature of a URL that takes one upload.
#pragma once

#include <cstdint>
#include <expected>
#include <span>
#include <string>
#include <string_view>

#include "token/jwk.hpp"
#include "token/verdict.hpp"

namespace mezz::token {

inline constexpr std::size_t kMaxUploadQuery = 4096;  ///< characters

/// What the signature covers, besides the method PUT. `upload_id` is in the path, the rest in the query.
struct UploadGrant {
    std::string upload_id;     ///< a UUID in lower case
    std::string filename;      ///< as the client named it
    std::uint64_t size = 0;    ///< bytes
    std::string content_type;  ///< as the client must send it
    std::int64_t expires = 0;  ///< seconds since 1970; from this second on it is refused

    bool operator==(const UploadGrant&) const = default;
};

/// The query "filename=…&size=…&content_type=…&expires=…&signature=…" for `grant`. Throws std::bad_alloc,
/// also if OpenSSL has no memory.
[[nodiscard]] std::string sign_upload(const Key& key, const UploadGrant& grant);

/// Checks the raw query of a PUT to `upload_id` (as the path names it, in lower case) at `now_s`. The order
/// of arguments does not matter. `missing` if the query is empty; `malformed` if an argument is missing,
/// unknown or there twice, if anything but unreserved characters and percent-encoding is in a value, or a
/// number is not plain decimal; `signature` if none of `keys` gives this signature; `expired`. The text
/// compared is made anew from the values, so whatever changes one of them is refused. Throws std::bad_alloc.
[[nodiscard]] std::expected<UploadGrant, Verdict> verify_upload(std::span<const Key> keys,
                                                                std::string_view upload_id,
                                                                std::string_view query, std::int64_t now_s);

}  // namespace mezz::token
