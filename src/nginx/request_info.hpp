// What variables tell about a request.
#pragma once

#include <optional>
#include <string_view>

#include "nginx/conf.hpp"
#include "nginx/metrics.hpp"

namespace mezz::nginx {

/// The module's context of a request; texts live in the request's pool or are static.
struct RequestInfo {
    std::string_view token_status;
    std::string_view token_subject;
    std::string_view token_session;
    std::string_view title;
    std::string_view format;
    std::string_view rendition;
    RequestKind kind = RequestKind::none;
    std::optional<token::Verdict> verdict;  ///< on a playback token, to be counted when the request ends
};

/// The request's information, created when first asked for; null if there is no memory.
[[nodiscard]] RequestInfo* request_info(ngx_http_request_t* r) noexcept;

/// The request's information; null if there is none.
[[nodiscard]] const RequestInfo* find_request_info(const ngx_http_request_t* r) noexcept;

/// Registers $mezz_token_status and the others; NGX_ERROR if there is no memory.
ngx_int_t add_variables(ngx_conf_t* cf) noexcept;

}  // namespace mezz::nginx
