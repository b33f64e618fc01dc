// Pages for probes and Prometheus.
#pragma once

#include "nginx/ngx.hpp"

namespace mezz::nginx {

/// nginx's content handler of a location with `mezz_readyz`: 200 if all backends that are configured answer,
/// else 503, with JSON that says which do.
ngx_int_t handle_readyz(ngx_http_request_t* r) noexcept;

/// nginx's content handler of a location with `mezz_metrics`: Prometheus's text format 0.0.4.
ngx_int_t handle_metrics(ngx_http_request_t* r) noexcept;

}  // namespace mezz::nginx
