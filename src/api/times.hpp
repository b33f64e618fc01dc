// Times in JSON (RFC 3339).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace mezz::api {

/// Microseconds since 1970 of a date and time with its offset, such as "2026-11-30T12:00:00.5+01:00", of the
/// years 1 to 9999. A fraction is cut after microseconds; a leap second counts as the one after it. Nothing
/// if it is no such time.
[[nodiscard]] std::optional<std::int64_t> parse_time(std::string_view text) noexcept;

/// A time as parse_time gives it, in UTC: "2026-11-30T11:00:00Z", with a fraction of six digits if it has
/// one.
[[nodiscard]] std::string time_text(std::int64_t micros);

}  // namespace mezz::api
