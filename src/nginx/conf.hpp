// Configuration: what the directives say.
#pragma once

#include "nginx/backends.hpp"
#include "nginx/ngx.hpp"
#include "package/title_builder.hpp"
#include "policy/policy.hpp"
#include "token/token_cache.hpp"

extern "C" ngx_module_t ngx_http_mezz_module;

namespace mezz::nginx {

struct PictureConf;

enum class Catalog : ngx_uint_t { none, files, postgres };
enum class TokenMode : ngx_uint_t { off, required };

/// A fact that the operator's rules are told: an nginx variable's value.
struct PolicyVar {
    ngx_str_t name;
    ngx_http_complex_value_t value;
};

/// Of the http block. Plain, as nginx's C macros need it; objects live in the configuration's pool.
struct MainConf {
    ngx_shm_zone_t* zone;
    ngx_shm_zone_t* segments;  ///< null: no location keeps any
    size_t segments_size;      ///< bytes
    token::Verifier* verifier;
    token::TokenCache* tokens;  ///< of each worker, for the verifier's keys
    ngx_int_t leeway;           ///< seconds
    ngx_array_t locations;      ///< LocationConf*, those with `mezz`
    ngx_array_t api_locations;  ///< LocationConf*, those with `mezz_api`
    BackendsConf* backends;
    policy::RuleSources* rules;  ///< null without `mezz_policy`
    ngx_array_t policy_vars;     ///< PolicyVar
    ngx_shm_zone_t* metrics;
};

/// Of a location.
struct LocationConf {
    ngx_flag_t enabled;
    ngx_uint_t catalog;  ///< Catalog
    ngx_str_t root;      ///< absolute path without a slash at its end, NUL-terminated
    package::TitleOptions* title_options;
    ngx_uint_t token;  ///< TokenMode
    ngx_str_t token_arg;
    ngx_str_t token_cookie;
    ngx_http_complex_value_t* token_geo;  ///< the client's country; null: not known
    size_t max_moov;
    PictureConf* pictures;  ///< null: none, as with an empty socket
    ngx_flag_t keep_playlists;
    ngx_flag_t keep_segments;
    ngx_flag_t api;
    ngx_str_t raw_root;         ///< where uploads are stored; as root
    ngx_str_t stream_location;  ///< "/v/": the prefix of playback URLs
    ngx_str_t public_url;       ///< without a slash at its end; empty: as the request's Host says
    time_t stream_ttl;          ///< seconds
    time_t upload_ttl;          ///< seconds
    off_t upload_max_size;
    ngx_str_t declared_in;           ///< "file:line" of `mezz` or `mezz_api`
    ngx_str_t prefix;                ///< of URIs, to be taken off
    ngx_http_core_loc_conf_t* core;  ///< where `mezz` or `mezz_api` stands
};

[[nodiscard]] inline LocationConf& mezz_conf(const ngx_http_request_t* r) noexcept {
    return location_conf<LocationConf>(r, ngx_http_mezz_module);
}
[[nodiscard]] inline MainConf& mezz_main_conf(const ngx_http_request_t* r) noexcept {
    return main_conf<MainConf>(r, ngx_http_mezz_module);
}

/// The part of the URI behind the location; empty if it does not continue with a new component.
[[nodiscard]] inline std::string_view path_in_location(const ngx_http_request_t* r) noexcept {
    std::string_view path = view(r->uri);
    const std::string_view prefix = view(mezz_conf(r).prefix);
    if (path.starts_with(prefix)) path.remove_prefix(prefix.size());
    if (prefix.ends_with('/')) return path;
    return path.starts_with('/') ? path.substr(1) : std::string_view();
}

void* create_main_conf(ngx_conf_t* cf) noexcept;
void* create_location_conf(ngx_conf_t* cf) noexcept;
char* merge_location_conf(ngx_conf_t* cf, void* parent, void* child) noexcept;

/// Checks what only the whole configuration can tell; NGX_ERROR after a message.
ngx_int_t check_configuration(ngx_conf_t* cf) noexcept;

/// The directives, for ngx_http_module_t.
extern ngx_command_t directives[];

}  // namespace mezz::nginx
