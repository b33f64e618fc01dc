// What the readers of directives share.
#pragma once

#include <span>

#include "nginx/conf.hpp"

namespace mezz::nginx {

using Arguments = std::span<const ngx_str_t>;

/// The directive's name and its arguments.
[[nodiscard]] inline Arguments arguments(const ngx_conf_t* cf) noexcept {
    return {static_cast<const ngx_str_t*>(cf->args->elts), cf->args->nelts};
}

[[nodiscard]] inline char* conf_error() noexcept {
    return static_cast<char*>(NGX_CONF_ERROR);
}

/// Reports `"<directive>": "<argument>" <what>`.
[[nodiscard]] inline char* reject(ngx_conf_t* cf, const ngx_str_t& argument, const char* what) noexcept {
    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "\"%V\": \"%V\" %s", &arguments(cf)[0], &argument, what);
    return conf_error();
}

[[nodiscard]] inline ngx_str_t tail(const ngx_str_t& text, std::size_t from) noexcept {
    return {text.len - from, text.data + from};
}

/// Checks that a path is absolute and a folder's, and copies it without slashes at its end. Returns what a
/// reader of directives returns.
[[nodiscard]] char* read_folder(ngx_conf_t* cf, const ngx_str_t& path, ngx_str_t& out);

using Setter = char* (*)(ngx_conf_t*, ngx_command_t*, void*);

// One reader for each directive; they may throw std::bad_alloc.
char* set_mezz(ngx_conf_t* cf, ngx_command_t* command, void* data);
char* set_zone(ngx_conf_t* cf, ngx_command_t* command, void* data);
char* set_catalog(ngx_conf_t* cf, ngx_command_t* command, void* data);
char* set_storage(ngx_conf_t* cf, ngx_command_t* command, void* data);
char* set_segment_duration(ngx_conf_t* cf, ngx_command_t* command, void* data);
char* set_token(ngx_conf_t* cf, ngx_command_t* command, void* data);
char* set_token_key(ngx_conf_t* cf, ngx_command_t* command, void* data);
char* set_token_name(ngx_conf_t* cf, ngx_command_t* command, void* data);
char* set_token_geo(ngx_conf_t* cf, ngx_command_t* command, void* data);
char* set_leeway(ngx_conf_t* cf, ngx_command_t* command, void* data);
char* set_segment_cache(ngx_conf_t* cf, ngx_command_t* command, void* data);
char* set_max_moov(ngx_conf_t* cf, ngx_command_t* command, void* data);
char* set_pictures(ngx_conf_t* cf, ngx_command_t* command, void* data);
char* set_api(ngx_conf_t* cf, ngx_command_t* command, void* data);
char* set_raw_storage(ngx_conf_t* cf, ngx_command_t* command, void* data);
char* set_stream_location(ngx_conf_t* cf, ngx_command_t* command, void* data);
char* set_public_url(ngx_conf_t* cf, ngx_command_t* command, void* data);
char* set_stream_ttl(ngx_conf_t* cf, ngx_command_t* command, void* data);
char* set_upload_ttl(ngx_conf_t* cf, ngx_command_t* command, void* data);
char* set_upload_max_size(ngx_conf_t* cf, ngx_command_t* command, void* data);
char* set_policy(ngx_conf_t* cf, ngx_command_t* command, void* data);
char* add_policy_var(ngx_conf_t* cf, ngx_command_t* command, void* data);
char* set_readyz(ngx_conf_t* cf, ngx_command_t* command, void* data);
char* set_metrics(ngx_conf_t* cf, ngx_command_t* command, void* data);
char* set_redis(ngx_conf_t* cf, ngx_command_t* command, void* data);
char* set_postgres(ngx_conf_t* cf, ngx_command_t* command, void* data);

}  // namespace mezz::nginx
