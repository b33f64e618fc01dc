// Where a list goes on: opaque to clients.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace mezz::api {

/// The sort key of the last row that was given out.
struct Cursor {
    std::string rank;              ///< a real as PostgreSQL writes it; "0" when browsing
    std::int64_t uploaded_us = 0;  ///< microseconds since 1970
    std::string video_id;          ///< a UUID in lower case

    bool operator==(const Cursor&) const = default;
};

/// A text of characters that need no encoding in URLs. It remembers which `q` and `status` it belongs to.
[[nodiscard]] std::string write_cursor(const Cursor& cursor, std::string_view q, std::string_view status);

/// Reads untrusted text. Nothing unless it is a cursor of this `q` and `status` whose values PostgreSQL will
/// take.
[[nodiscard]] std::optional<Cursor> read_cursor(std::string_view text, std::string_view q,
                                                std::string_view status);

}  // namespace mezz::api
