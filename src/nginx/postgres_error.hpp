// What an error of PostgreSQL means.
#pragma once

#include <string>

#include "core/error.hpp"

struct pg_result;

namespace mezz::nginx {

/// Whether an error is the kind that may be gone when the same is tried again (overload, deadlock, shutdown,
/// a time limit, a server that has become a standby).
[[nodiscard]] bool is_passing_sqlstate(const char* sqlstate) noexcept;

/// Writes an error's SQLSTATE and message to the log and returns what the asker is told. Where messages quote
/// a value, which may be somebody's data, the quotation is left out.
[[nodiscard]] Error report_postgres_error(const std::string& server, const pg_result* result) noexcept;

}  // namespace mezz::nginx
