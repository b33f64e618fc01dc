// Reading and checking of the directives about Redis and PostgreSQL.
#include "nginx/directive_text.hpp"

namespace mezz::nginx {
namespace {

// The optional argument timeout=TIME. What a reader of directives returns.
char* read_time_limit(ngx_conf_t* cf, ngx_msec_t& limit) noexcept {
    if (arguments(cf).size() < 3) return NGX_CONF_OK;
    const ngx_str_t& argument = arguments(cf)[2];
    constexpr std::string_view kName = "timeout=";
    constexpr ngx_int_t kShortest = 10;
    constexpr ngx_int_t kLongest = 60000;
    ngx_str_t text = argument;
    ngx_int_t ms = NGX_ERROR;
    if (view(argument).starts_with(kName)) {
        text = tail(argument, kName.size());
        ms = ngx_parse_time(&text, 0);
    }
    if (ms < kShortest || ms > kLongest)
        return reject(cf, argument, "is not a time limit from 10ms to 60s, such as \"timeout=500ms\"");
    limit = static_cast<ngx_msec_t>(ms);
    return NGX_CONF_OK;
}

}  // namespace

char* set_redis(ngx_conf_t* cf, ngx_command_t*, void* data) {
    BackendsConf& backends = *static_cast<MainConf*>(data)->backends;
    if (backends.redis) return const_cast<char*>("is duplicate");
    RedisAddress address;
    if (!parse_redis_address(cf, arguments(cf)[1], address)) return conf_error();
    backends.redis = std::move(address);
    return read_time_limit(cf, backends.redis_time_limit);
}

char* set_postgres(ngx_conf_t* cf, ngx_command_t*, void* data) {
    BackendsConf& backends = *static_cast<MainConf*>(data)->backends;
    if (backends.postgres) return const_cast<char*>("is duplicate");
    PostgresTarget target;
    if (!parse_postgres(cf, arguments(cf)[1], target)) return conf_error();
    backends.postgres = std::move(target);
    return read_time_limit(cf, backends.postgres_time_limit);
}

}  // namespace mezz::nginx
