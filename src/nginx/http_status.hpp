// What an Error means to the client and to the log.
#pragma once

#include "core/error.hpp"
#include "nginx/ngx.hpp"

namespace mezz::nginx {

/// The HTTP status that a request ends with when it fails for this reason.
[[nodiscard]] ngx_int_t http_status(ErrorCode code) noexcept;

/// The level (NGX_LOG_...) at which such a failure is written to the error log.
[[nodiscard]] ngx_uint_t log_level(ErrorCode code) noexcept;

}  // namespace mezz::nginx
