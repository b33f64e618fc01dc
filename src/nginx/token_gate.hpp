// The token check of a request.
#pragma once

#include <optional>
#include <string_view>

#include "core/error.hpp"
#include "nginx/request_flow.hpp"
#include "token/verdict.hpp"

namespace mezz::nginx {

struct Admission {
    bool granted = false;
    bool personal = false;   ///< caches cannot see in the URL that a token was needed
    std::string_view query;  ///< "?token=…" if the token came in the query, to be carried on; in r->pool
    std::uint32_t max_height = UINT32_MAX;  ///< lines of the renditions that the token opens
};

/// The token of "Authorization: Bearer"; nullopt without such a header.
[[nodiscard]] std::optional<std::string_view> bearer_token(const ngx_http_request_t* r) noexcept;

/// Finds the request's token (query, then Authorization: Bearer, then cookie), checks it as the location says
/// and notes the outcome for $mezz_token_status. Fails with internal if there is no memory.
[[nodiscard]] Result<Admission> admit(ngx_http_request_t* r);

/// Refuses a request whose token was fine but for what has been found since. Returns the status.
[[nodiscard]] ngx_int_t refuse(ngx_http_request_t* r, token::Verdict verdict) noexcept;

}  // namespace mezz::nginx
