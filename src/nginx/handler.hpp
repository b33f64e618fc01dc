// The content handler of locations with `mezz`.
#pragma once

#include "nginx/ngx.hpp"

namespace mezz::nginx {

/// Answers a request of the read path (URLs: package/request_path.hpp).
ngx_int_t handle_request(ngx_http_request_t* r) noexcept;

}  // namespace mezz::nginx
