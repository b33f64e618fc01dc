// The REST API's content handler.
#pragma once

#include "nginx/ngx.hpp"

namespace mezz::nginx {

/// nginx's content handler of a location with `mezz_api`.
ngx_int_t handle_api(ngx_http_request_t* r) noexcept;

}  // namespace mezz::nginx
