#include "nginx/redis_address.hpp"

namespace mezz::nginx {
namespace {

constexpr in_port_t kPort = 6379;

std::string numeric(const ngx_addr_t& address) {
    u_char text[NGX_SOCKADDR_STRLEN];
    const std::size_t size = ngx_sock_ntop(address.sockaddr, address.socklen, text, sizeof(text), 0);
    std::string host(reinterpret_cast<const char*>(text), size);
    if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
    return host;
}

}  // namespace

bool parse_redis_address(ngx_conf_t* cf, const ngx_str_t& text, RedisAddress& address) {
    ngx_url_t url{};
    url.url = text;
    url.default_port = kPort;
    if (ngx_parse_url(cf->pool, &url) != NGX_OK || url.naddrs == 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "%s in the Redis address \"%V\": write HOST:PORT, [IPV6]:PORT or unix:/PATH",
                           url.err == nullptr ? "no address" : url.err, &text);
        return false;
    }
    address = {};
    address.name = view(text);
    if (url.family == AF_UNIX) {
        constexpr std::string_view kScheme = "unix:";
        address.path = view(text).substr(kScheme.size());
        return true;
    }
    address.port = url.port;
    for (ngx_uint_t i = 0; i < url.naddrs; ++i)
        address.hosts.push_back(numeric(url.addrs[i]));
    return true;
}

}  // namespace mezz::nginx
