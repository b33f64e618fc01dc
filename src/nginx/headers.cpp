#include "nginx/headers.hpp"

namespace mezz::nginx {

ngx_table_elt_t* add_header(ngx_http_request_t* r, std::string_view name, std::string_view value) noexcept {
    auto* header = static_cast<ngx_table_elt_t*>(ngx_list_push(&r->headers_out.headers));
    if (header == nullptr) return nullptr;
    *header = {};
    header->hash = 1;
    header->key = borrow(name);
    header->value = borrow(value);
    return header;
}

ngx_table_elt_t* add_cache_control(ngx_http_request_t* r, std::string_view value) noexcept {
    ngx_table_elt_t* header = add_header(r, "Cache-Control", value);
    if (header == nullptr) return nullptr;
#if (nginx_version >= 1023000)
    r->headers_out.cache_control = header;
#else
    ngx_array_t* known = &r->headers_out.cache_control;
    if (known->elts == nullptr && ngx_array_init(known, r->pool, 1, sizeof(ngx_table_elt_t*)) != NGX_OK)
        return nullptr;
    auto** slot = static_cast<ngx_table_elt_t**>(ngx_array_push(known));
    if (slot == nullptr) return nullptr;
    *slot = header;
#endif
    return header;
}

}  // namespace mezz::nginx
