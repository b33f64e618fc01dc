// Reading and checking of the directive about pictures made on request.
#include <sys/un.h>

#include "nginx/directive_text.hpp"
#include "nginx/picture_link.hpp"
#include "package/picture_pick.hpp"

namespace mezz::nginx {
namespace {

constexpr std::string_view kScheme = "unix:";
constexpr std::string_view kTimeLimit = "timeout=";
constexpr std::string_view kMaxWidth = "max_width=";

char* read_time_limit(ngx_conf_t* cf, const ngx_str_t& argument, PictureConf& conf) noexcept {
    constexpr ngx_int_t kShortest = 100;
    constexpr ngx_int_t kLongest = 60000;
    ngx_str_t text = tail(argument, kTimeLimit.size());
    const ngx_int_t ms = ngx_parse_time(&text, 0);
    if (ms < kShortest || ms > kLongest)
        return reject(cf, argument, "is not a time limit from 100ms to 60s, such as \"timeout=5s\"");
    conf.time_limit = static_cast<ngx_msec_t>(ms);
    return NGX_CONF_OK;
}

char* read_max_width(ngx_conf_t* cf, const ngx_str_t& argument, PictureConf& conf) noexcept {
    const ngx_str_t text = tail(argument, kMaxWidth.size());
    const ngx_int_t width = ngx_atoi(text.data, text.len);
    if (width < package::kSmallestPicture || width > package::kLargestPicture)
        return reject(cf, argument, "is not a width from 16 to 8192 pixels, such as \"max_width=1920\"");
    conf.max_width = static_cast<std::uint16_t>(width);
    return NGX_CONF_OK;
}

char* read_option(ngx_conf_t* cf, const ngx_str_t& argument, PictureConf& conf) noexcept {
    if (view(argument).starts_with(kTimeLimit)) return read_time_limit(cf, argument, conf);
    if (view(argument).starts_with(kMaxWidth)) return read_max_width(cf, argument, conf);
    return reject(cf, argument, "is no option: write \"timeout=5s\" or \"max_width=1920\"");
}

}  // namespace

char* set_pictures(ngx_conf_t* cf, ngx_command_t*, void* data) {
    auto* conf = static_cast<LocationConf*>(data);
    if (conf->pictures != nullptr) return const_cast<char*>("is duplicate");
    conf->pictures = pool_new<PictureConf>(cf->pool);
    if (conf->pictures == nullptr) return conf_error();
    const ngx_str_t& where = arguments(cf)[1];
    if (view(where) == "off" && arguments(cf).size() == 2) return NGX_CONF_OK;
    if (!view(where).starts_with("unix:/") || where.len - kScheme.size() >= sizeof(sockaddr_un::sun_path))
        return reject(cf, where,
                      "is not the picture service's socket: write \"unix:/path\" (at most 107 bytes) or "
                      "\"off\"");
    conf->pictures->socket = view(where).substr(kScheme.size());
    for (const ngx_str_t& argument : arguments(cf).subspan(2)) {
        char* read = read_option(cf, argument, *conf->pictures);
        if (read != NGX_CONF_OK) return read;
    }
    return NGX_CONF_OK;
}

}  // namespace mezz::nginx
