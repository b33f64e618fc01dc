// Header fields of answers.
#pragma once

#include <string_view>

#include "nginx/ngx.hpp"

namespace mezz::nginx {

/// Adds a field whose name and value are static or in the request's pool; null if there is no memory.
ngx_table_elt_t* add_header(ngx_http_request_t* r, std::string_view name, std::string_view value) noexcept;

/// Adds Cache-Control where `expires` looks for it, to replace it.
ngx_table_elt_t* add_cache_control(ngx_http_request_t* r, std::string_view value) noexcept;

}  // namespace mezz::nginx
