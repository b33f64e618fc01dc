#include "nginx/http_status.hpp"

namespace mezz::nginx {

// No default in these, so that the compiler asks what a new code means.

ngx_int_t http_status(ErrorCode code) noexcept {
    switch (code) {
        case ErrorCode::not_found:
            return NGX_HTTP_NOT_FOUND;
        case ErrorCode::bad_media:
        case ErrorCode::unsupported:
        case ErrorCode::too_large:
            return 422;  // RFC 9110, 15.5.21; nginx has no name for it
        case ErrorCode::busy:
            return NGX_HTTP_SERVICE_UNAVAILABLE;
        case ErrorCode::bad_request:
            return NGX_HTTP_BAD_REQUEST;
        case ErrorCode::io:
        case ErrorCode::internal:
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }
    return NGX_HTTP_INTERNAL_SERVER_ERROR;
}

ngx_uint_t log_level(ErrorCode code) noexcept {
    switch (code) {
        case ErrorCode::not_found:
        case ErrorCode::bad_request:
            return NGX_LOG_INFO;
        case ErrorCode::busy:
            return NGX_LOG_WARN;
        case ErrorCode::bad_media:
        case ErrorCode::unsupported:
        case ErrorCode::too_large:
        case ErrorCode::io:
        case ErrorCode::internal:
            return NGX_LOG_ERR;
    }
    return NGX_LOG_ERR;
}

}  // namespace mezz::nginx
