// The table of directives.
#include "nginx/directive_text.hpp"

namespace mezz::nginx {
namespace {

// Readers are called by nginx in C: what they throw for want of memory ends here.
template <Setter Read>
char* guarded(ngx_conf_t* cf, ngx_command_t* command, void* conf) noexcept {
    try {
        return Read(cf, command, conf);
    } catch (const std::bad_alloc&) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "no memory");
        return conf_error();
    }
}

constexpr ngx_uint_t kAnywhere = NGX_HTTP_MAIN_CONF | NGX_HTTP_SRV_CONF | NGX_HTTP_LOC_CONF;

}  // namespace

constinit ngx_command_t directives[] = {
    {ngx_string("mezz"), NGX_HTTP_LOC_CONF | NGX_CONF_NOARGS, guarded<set_mezz>, NGX_HTTP_LOC_CONF_OFFSET, 0,
     nullptr},
    {ngx_string("mezz_zone"), NGX_HTTP_MAIN_CONF | NGX_CONF_TAKE1, guarded<set_zone>,
     NGX_HTTP_MAIN_CONF_OFFSET, 0, nullptr},
    {ngx_string("mezz_catalog"), kAnywhere | NGX_CONF_TAKE1, guarded<set_catalog>, NGX_HTTP_LOC_CONF_OFFSET,
     0, nullptr},
    {ngx_string("mezz_storage"), kAnywhere | NGX_CONF_TAKE2, guarded<set_storage>, NGX_HTTP_LOC_CONF_OFFSET,
     0, nullptr},
    {ngx_string("mezz_segment_duration"), kAnywhere | NGX_CONF_1MORE, guarded<set_segment_duration>,
     NGX_HTTP_LOC_CONF_OFFSET, 0, nullptr},
    {ngx_string("mezz_token"), kAnywhere | NGX_CONF_TAKE1, guarded<set_token>, NGX_HTTP_LOC_CONF_OFFSET, 0,
     nullptr},
    {ngx_string("mezz_token_key"), NGX_HTTP_MAIN_CONF | NGX_CONF_TAKE12, guarded<set_token_key>,
     NGX_HTTP_MAIN_CONF_OFFSET, 0, nullptr},
    {ngx_string("mezz_token_arg"), kAnywhere | NGX_CONF_TAKE1, guarded<set_token_name>,
     NGX_HTTP_LOC_CONF_OFFSET, offsetof(LocationConf, token_arg), nullptr},
    {ngx_string("mezz_token_cookie"), kAnywhere | NGX_CONF_TAKE1, guarded<set_token_name>,
     NGX_HTTP_LOC_CONF_OFFSET, offsetof(LocationConf, token_cookie), nullptr},
    {ngx_string("mezz_token_geo"), kAnywhere | NGX_CONF_TAKE1, guarded<set_token_geo>,
     NGX_HTTP_LOC_CONF_OFFSET, 0, nullptr},
    {ngx_string("mezz_token_leeway"), NGX_HTTP_MAIN_CONF | NGX_CONF_TAKE1, guarded<set_leeway>,
     NGX_HTTP_MAIN_CONF_OFFSET, 0, nullptr},
    {ngx_string("mezz_playlist_cache"), kAnywhere | NGX_CONF_FLAG, ngx_conf_set_flag_slot,
     NGX_HTTP_LOC_CONF_OFFSET, offsetof(LocationConf, keep_playlists), nullptr},
    {ngx_string("mezz_segment_cache"), kAnywhere | NGX_CONF_TAKE1, guarded<set_segment_cache>,
     NGX_HTTP_LOC_CONF_OFFSET, 0, nullptr},
    {ngx_string("mezz_max_moov"), kAnywhere | NGX_CONF_TAKE1, guarded<set_max_moov>, NGX_HTTP_LOC_CONF_OFFSET,
     0, nullptr},
    {ngx_string("mezz_pictures"), kAnywhere | NGX_CONF_TAKE123, guarded<set_pictures>,
     NGX_HTTP_LOC_CONF_OFFSET, 0, nullptr},
    {ngx_string("mezz_redis"), NGX_HTTP_MAIN_CONF | NGX_CONF_TAKE12, guarded<set_redis>,
     NGX_HTTP_MAIN_CONF_OFFSET, 0, nullptr},
    {ngx_string("mezz_postgres"), NGX_HTTP_MAIN_CONF | NGX_CONF_TAKE12, guarded<set_postgres>,
     NGX_HTTP_MAIN_CONF_OFFSET, 0, nullptr},
    {ngx_string("mezz_policy"), NGX_HTTP_MAIN_CONF | NGX_CONF_TAKE1, guarded<set_policy>,
     NGX_HTTP_MAIN_CONF_OFFSET, 0, nullptr},
    {ngx_string("mezz_policy_var"), NGX_HTTP_MAIN_CONF | NGX_CONF_TAKE2, guarded<add_policy_var>,
     NGX_HTTP_MAIN_CONF_OFFSET, 0, nullptr},
    {ngx_string("mezz_api"), NGX_HTTP_LOC_CONF | NGX_CONF_NOARGS, guarded<set_api>, NGX_HTTP_LOC_CONF_OFFSET,
     0, nullptr},
    {ngx_string("mezz_raw_storage"), kAnywhere | NGX_CONF_TAKE2, guarded<set_raw_storage>,
     NGX_HTTP_LOC_CONF_OFFSET, 0, nullptr},
    {ngx_string("mezz_stream_location"), kAnywhere | NGX_CONF_TAKE1, guarded<set_stream_location>,
     NGX_HTTP_LOC_CONF_OFFSET, 0, nullptr},
    {ngx_string("mezz_public_url"), kAnywhere | NGX_CONF_TAKE1, guarded<set_public_url>,
     NGX_HTTP_LOC_CONF_OFFSET, 0, nullptr},
    {ngx_string("mezz_stream_ttl"), kAnywhere | NGX_CONF_TAKE1, guarded<set_stream_ttl>,
     NGX_HTTP_LOC_CONF_OFFSET, 0, nullptr},
    {ngx_string("mezz_upload_ttl"), kAnywhere | NGX_CONF_TAKE1, guarded<set_upload_ttl>,
     NGX_HTTP_LOC_CONF_OFFSET, 0, nullptr},
    {ngx_string("mezz_upload_max_size"), kAnywhere | NGX_CONF_TAKE1, guarded<set_upload_max_size>,
     NGX_HTTP_LOC_CONF_OFFSET, 0, nullptr},
    {ngx_string("mezz_readyz"), NGX_HTTP_LOC_CONF | NGX_CONF_NOARGS, guarded<set_readyz>,
     NGX_HTTP_LOC_CONF_OFFSET, 0, nullptr},
    {ngx_string("mezz_metrics"), NGX_HTTP_LOC_CONF | NGX_CONF_NOARGS, guarded<set_metrics>,
     NGX_HTTP_LOC_CONF_OFFSET, 0, nullptr},
    ngx_null_command,
};

}  // namespace mezz::nginx
