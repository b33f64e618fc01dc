// The arguments of GET videos.
#pragma once

#include <cstddef>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "api/cursor.hpp"
#include "api/problem.hpp"

namespace mezz::api {

inline constexpr std::size_t kMaxSearch = 300;  ///< characters
inline constexpr int kMaxLimit = 100;
inline constexpr int kDefaultLimit = 20;

struct ListQuery {
    std::string q;       ///< what to search for; empty: browse
    std::string status;  ///< uploading, processing, ready or failed; empty: any
    int limit = kDefaultLimit;
    std::optional<Cursor> cursor;  ///< the row after which to go on
};

/// Reads the raw query, in which '+' stands for a space. The problem is 400 invalid-argument, naming the one
/// that is unknown, there twice, not UTF-8 or out of its range, or the cursor if it was made for another `q`
/// or `status`. An empty argument counts as absent. Throws std::bad_alloc only.
[[nodiscard]] std::expected<ListQuery, Problem> parse_list_query(std::string_view query);

}  // namespace mezz::api
