#include "nginx/conf.hpp"

#include "nginx/zone.hpp"

namespace mezz::nginx {
namespace {

constexpr std::size_t kDefaultMaxMoov = std::size_t{128} << 20;
constexpr std::uint32_t kDefaultSegmentMs = 6000;

void set_default(ngx_str_t& value, const ngx_str_t& parent, std::string_view fallback) noexcept {
    if (value.data != nullptr) return;
    value = parent.data != nullptr ? parent : borrow(fallback);
}

bool complain(ngx_conf_t* cf, const LocationConf& conf, const char* what) noexcept {
    ngx_log_error(NGX_LOG_EMERG, cf->log, 0, "mezz: %s, needed by \"mezz\" in %V", what, &conf.declared_in);
    return false;
}

bool is_complete(ngx_conf_t* cf, const MainConf& main, const LocationConf& conf) noexcept {
    if (main.zone == nullptr) return complain(cf, conf, "write \"mezz_zone shared:128m;\" in the http block");
    if (static_cast<Catalog>(conf.catalog) == Catalog::none)
        return complain(cf, conf, "write \"mezz_catalog files;\"");
    if (conf.root.len == 0) return complain(cf, conf, "write \"mezz_storage file /path/of/the/videos;\"");
    if (static_cast<TokenMode>(conf.token) == TokenMode::required && main.verifier->empty())
        return complain(
            cf, conf,
            "\"mezz_token required\" has no key: write \"mezz_token_key kid=NAME file=PATH;\" in the "
            "http block, or \"mezz_token off;\"");
    return true;
}

}  // namespace

void* create_main_conf(ngx_conf_t* cf) noexcept {
    auto* conf = static_cast<MainConf*>(ngx_pcalloc(cf->pool, sizeof(MainConf)));
    if (conf == nullptr) return nullptr;
    conf->leeway = NGX_CONF_UNSET_MSEC;
    conf->verifier = pool_new<token::Verifier>(cf->pool);
    if (conf->verifier == nullptr) return nullptr;
    if (ngx_array_init(&conf->locations, cf->pool, 4, sizeof(LocationConf*)) != NGX_OK) return nullptr;
    return conf;
}

void* create_location_conf(ngx_conf_t* cf) noexcept {
    auto* conf = static_cast<LocationConf*>(ngx_pcalloc(cf->pool, sizeof(LocationConf)));
    if (conf == nullptr) return nullptr;
    conf->catalog = NGX_CONF_UNSET_UINT;
    conf->token = NGX_CONF_UNSET_UINT;
    conf->max_moov = NGX_CONF_UNSET_SIZE;
    return conf;
}

char* merge_location_conf(ngx_conf_t* cf, void* parent, void* child) noexcept {
    const auto* from = static_cast<LocationConf*>(parent);
    auto* conf = static_cast<LocationConf*>(child);
    ngx_conf_merge_uint_value(conf->catalog, from->catalog, static_cast<ngx_uint_t>(Catalog::none));
    ngx_conf_merge_uint_value(conf->token, from->token, static_cast<ngx_uint_t>(TokenMode::off));
    ngx_conf_merge_size_value(conf->max_moov, from->max_moov, kDefaultMaxMoov);
    set_default(conf->root, from->root, "");
    set_default(conf->token_arg, from->token_arg, "token");
    set_default(conf->token_cookie, from->token_cookie, "mezz_token");
    if (conf->title_options == nullptr) conf->title_options = from->title_options;
    if (conf->title_options == nullptr) {
        conf->title_options = pool_new<package::TitleOptions>(cf->pool);
        if (conf->title_options == nullptr) return static_cast<char*>(NGX_CONF_ERROR);
        conf->title_options->segment_ms = {kDefaultSegmentMs};
    }
    return NGX_CONF_OK;
}

ngx_int_t check_configuration(ngx_conf_t* cf) noexcept {
    auto* main = static_cast<MainConf*>(ngx_http_conf_get_module_main_conf(cf, ngx_http_mezz_module));
    auto* const* locations = static_cast<LocationConf* const*>(main->locations.elts);
    for (ngx_uint_t i = 0; i < main->locations.nelts; ++i)
        if (!is_complete(cf, *main, *locations[i])) return NGX_ERROR;
    if (main->leeway != NGX_CONF_UNSET_MSEC)
        main->verifier->set_leeway(static_cast<std::int64_t>(main->leeway / 1000));
    return NGX_OK;
}

}  // namespace mezz::nginx
