#include "nginx/request_info.hpp"

namespace mezz::nginx {
namespace {

using Member = std::string_view RequestInfo::*;

// Does nothing: the pool's cleanup list is where the information is found after an internal redirect, which
// zeroes the contexts of all modules.
void mark_info(void* /*data*/) noexcept {}

RequestInfo* find_info(const ngx_http_request_t* r) noexcept {
    auto* info = static_cast<RequestInfo*>(ngx_http_get_module_ctx(r, ngx_http_mezz_module));
    if (info != nullptr || (!r->internal && !r->filter_finalize)) return info;
    for (const ngx_pool_cleanup_t* c = r->pool->cleanup; c != nullptr; c = c->next)
        if (c->handler == mark_info) return static_cast<RequestInfo*>(c->data);
    return nullptr;
}

template <Member M>
ngx_int_t get_variable(ngx_http_request_t* r, ngx_http_variable_value_t* value, uintptr_t /*data*/) noexcept {
    const RequestInfo* info = find_info(r->main);
    const std::string_view text = info == nullptr ? std::string_view() : info->*M;
    if (text.empty()) {
        value->not_found = 1;
        return NGX_OK;
    }
    value->data = borrow(text).data;
    value->len = static_cast<unsigned>(text.size()) & 0xFFFFFFFU;
    value->valid = 1;
    value->no_cacheable = 0;
    value->not_found = 0;
    return NGX_OK;
}

struct Variable {
    std::string_view name;
    ngx_http_get_variable_pt get;
};

constexpr Variable kVariables[] = {
    {"mezz_token_status", get_variable<&RequestInfo::token_status>},
    {"mezz_token_sub", get_variable<&RequestInfo::token_subject>},
    {"mezz_token_sid", get_variable<&RequestInfo::token_session>},
    {"mezz_title", get_variable<&RequestInfo::title>},
    {"mezz_format", get_variable<&RequestInfo::format>},
    {"mezz_rendition", get_variable<&RequestInfo::rendition>},
};

}  // namespace

RequestInfo* request_info(ngx_http_request_t* r) noexcept {
    if (RequestInfo* info = find_info(r); info != nullptr) return info;
    auto* info = pool_new<RequestInfo>(r->pool);
    ngx_pool_cleanup_t* mark = ngx_pool_cleanup_add(r->pool, 0);
    if (info == nullptr || mark == nullptr) return nullptr;
    mark->handler = mark_info;
    mark->data = info;
    ngx_http_set_ctx(r, info, ngx_http_mezz_module);
    return info;
}

const RequestInfo* find_request_info(const ngx_http_request_t* r) noexcept {
    return find_info(r);
}

ngx_int_t add_variables(ngx_conf_t* cf) noexcept {
    for (const Variable& variable : kVariables) {
        ngx_str_t name = borrow(variable.name);
        ngx_http_variable_t* added = ngx_http_add_variable(cf, &name, NGX_HTTP_VAR_NOCACHEABLE);
        if (added == nullptr) return NGX_ERROR;
        added->get_handler = variable.get;
    }
    return NGX_OK;
}

}  // namespace mezz::nginx
