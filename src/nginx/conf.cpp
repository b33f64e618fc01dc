#include "nginx/conf.hpp"

#include <algorithm>
#include <span>

#include "nginx/api_handler.hpp"
#include "nginx/handler.hpp"
#include "nginx/metrics.hpp"
#include "nginx/segment_cache.hpp"

namespace mezz::nginx {
namespace {

constexpr std::size_t kDefaultMaxMoov = std::size_t{128} << 20;
constexpr std::uint32_t kDefaultSegmentMs = 6000;
constexpr std::size_t kDefaultSegmentCache = std::size_t{64} << 20;
constexpr std::size_t kMostTokens = 4096;  // that a worker remembers, of some 500 bytes each
constexpr time_t kDefaultStreamTtl = 4 * 3600;
constexpr time_t kDefaultUploadTtl = 24 * 3600;
constexpr off_t kDefaultUploadMaxSize = off_t{64} << 30;

constexpr const char* kNeedsPostgres =
    "write \"mezz_postgres \\\"host=… dbname=mezz\\\";\" in the http block";

void set_default(ngx_str_t& value, const ngx_str_t& parent, std::string_view fallback) noexcept {
    if (value.data != nullptr) return;
    value = parent.data != nullptr ? parent : borrow(fallback);
}

bool complain(ngx_conf_t* cf, const LocationConf& conf, const char* what) noexcept {
    ngx_log_error(NGX_LOG_EMERG, cf->log, 0, "mezz: %s, needed by \"%s\" in %V", what,
                  conf.api != 0 ? "mezz_api" : "mezz", &conf.declared_in);
    return false;
}

bool lies_within(const LocationConf& inner, const LocationConf& outer) noexcept {
    const std::string_view path = view(inner.root);
    const std::string_view root = view(outer.root);
    return path.starts_with(root) && (path.size() == root.size() || path[root.size()] == '/' || root == "/");
}

// Titles are found below a location's storage whatever the location is called: without a token in one
// location, what lies there needs none in another either.
void warn_of_open_roots(ngx_conf_t* cf, std::span<LocationConf* const> locations) noexcept {
    for (const LocationConf* open : locations) {
        if (static_cast<TokenMode>(open->token) == TokenMode::required) continue;
        for (const LocationConf* closed : locations) {
            if (static_cast<TokenMode>(closed->token) != TokenMode::required) continue;
            if (!lies_within(*closed, *open) && !lies_within(*open, *closed)) continue;
            ngx_log_error(NGX_LOG_WARN, cf->log, 0,
                          "mezz: \"mezz\" in %V gives out without a token what \"mezz\" in %V asks one for: "
                          "both store in \"%V\"",
                          &open->declared_in, &closed->declared_in, &open->root);
        }
    }
}

bool is_complete(ngx_conf_t* cf, const MainConf& main, const LocationConf& conf) noexcept {
    if (main.zone == nullptr) return complain(cf, conf, "write \"mezz_zone shared:128m;\" in the http block");
    if (static_cast<Catalog>(conf.catalog) == Catalog::none)
        return complain(cf, conf, "write \"mezz_catalog files;\" or \"mezz_catalog postgres;\"");
    if (static_cast<Catalog>(conf.catalog) == Catalog::postgres && !main.backends->postgres)
        return complain(cf, conf, kNeedsPostgres);
    if (conf.root.len == 0) return complain(cf, conf, "write \"mezz_storage file /path/of/the/videos;\"");
    if (conf.core->handler != handle_request)
        return complain(cf, conf, "another directive answers requests in the same location: give it its own");
    if (static_cast<TokenMode>(conf.token) == TokenMode::required && main.verifier->empty())
        return complain(
            cf, conf,
            "\"mezz_token required\" has no key: write \"mezz_token_key kid=NAME file=PATH;\" in the "
            "http block, or \"mezz_token off;\"");
    return true;
}

bool is_complete_api(ngx_conf_t* cf, const MainConf& main, const LocationConf& conf) noexcept {
    if (main.zone == nullptr) return complain(cf, conf, "write \"mezz_zone shared:128m;\" in the http block");
    if (!main.backends->postgres) return complain(cf, conf, kNeedsPostgres);
    if (main.rules == nullptr)
        return complain(cf, conf, "write \"mezz_policy /path/of/lua/mezz;\" in the http block");
    if (conf.raw_root.len == 0)
        return complain(cf, conf, "write \"mezz_raw_storage file /path/of/the/uploads;\"");
    if (main.verifier->empty())
        return complain(cf, conf, "write \"mezz_token_key kid=NAME file=PATH;\" in the http block");
    if (conf.core->handler != handle_api)
        return complain(cf, conf, "another directive answers requests in the same location: give it its own");
    return true;
}

// nginx refuses a body that it finds too large before the API sees the request.
void warn_of_small_bodies(ngx_conf_t* cf, const LocationConf& conf) noexcept {
    const off_t largest = conf.core->client_max_body_size;
    if (largest == 0 || largest >= conf.upload_max_size) return;
    ngx_log_error(NGX_LOG_WARN, cf->log, 0,
                  "mezz: \"mezz_api\" in %V takes uploads of up to %O bytes, nginx itself %O: write "
                  "\"client_max_body_size 0;\" beside it",
                  &conf.declared_in, conf.upload_max_size, largest);
}

// Whichever location wants it.
bool add_segment_cache(ngx_conf_t* cf, MainConf& main, std::span<LocationConf* const> locations) noexcept {
    const bool wanted = std::ranges::any_of(
        locations, [](const LocationConf* location) { return location->keep_segments != 0; });
    if (!wanted) return true;
    ngx_conf_init_size_value(main.segments_size, kDefaultSegmentCache);
    main.segments = add_segment_zone(cf, main.segments_size);
    return main.segments != nullptr;
}

bool start_counting(ngx_conf_t* cf, MainConf& main) noexcept {
    if (main.zone == nullptr) return true;
    if (!add_metrics(cf, main.metrics)) return false;
    auto* core =
        static_cast<ngx_http_core_main_conf_t*>(ngx_http_conf_get_module_main_conf(cf, ngx_http_core_module));
    auto* handler =
        static_cast<ngx_http_handler_pt*>(ngx_array_push(&core->phases[NGX_HTTP_LOG_PHASE].handlers));
    if (handler == nullptr) return false;
    *handler = count_request;
    return true;
}

}  // namespace

void* create_main_conf(ngx_conf_t* cf) noexcept {
    auto* conf = static_cast<MainConf*>(ngx_pcalloc(cf->pool, sizeof(MainConf)));
    if (conf == nullptr) return nullptr;
    conf->leeway = NGX_CONF_UNSET;
    conf->segments_size = NGX_CONF_UNSET_SIZE;
    conf->verifier = pool_new<token::Verifier>(cf->pool);
    conf->tokens = pool_new<token::TokenCache>(cf->pool, kMostTokens);
    if (conf->verifier == nullptr || conf->tokens == nullptr) return nullptr;
    conf->backends = pool_new<BackendsConf>(cf->pool);
    if (conf->backends == nullptr) return nullptr;
    if (ngx_array_init(&conf->locations, cf->pool, 4, sizeof(LocationConf*)) != NGX_OK) return nullptr;
    if (ngx_array_init(&conf->api_locations, cf->pool, 1, sizeof(LocationConf*)) != NGX_OK) return nullptr;
    if (ngx_array_init(&conf->policy_vars, cf->pool, 2, sizeof(PolicyVar)) != NGX_OK) return nullptr;
    return conf;
}

void* create_location_conf(ngx_conf_t* cf) noexcept {
    auto* conf = static_cast<LocationConf*>(ngx_pcalloc(cf->pool, sizeof(LocationConf)));
    if (conf == nullptr) return nullptr;
    conf->catalog = NGX_CONF_UNSET_UINT;
    conf->token = NGX_CONF_UNSET_UINT;
    conf->max_moov = NGX_CONF_UNSET_SIZE;
    conf->keep_playlists = NGX_CONF_UNSET;
    conf->keep_segments = NGX_CONF_UNSET;
    conf->stream_ttl = NGX_CONF_UNSET;
    conf->upload_ttl = NGX_CONF_UNSET;
    conf->upload_max_size = NGX_CONF_UNSET;
    return conf;
}

char* merge_location_conf(ngx_conf_t* cf, void* parent, void* child) noexcept {
    const auto* from = static_cast<LocationConf*>(parent);
    auto* conf = static_cast<LocationConf*>(child);
    ngx_conf_merge_uint_value(conf->catalog, from->catalog, static_cast<ngx_uint_t>(Catalog::none));
    ngx_conf_merge_uint_value(conf->token, from->token, static_cast<ngx_uint_t>(TokenMode::off));
    ngx_conf_merge_size_value(conf->max_moov, from->max_moov, kDefaultMaxMoov);
    ngx_conf_merge_value(conf->keep_playlists, from->keep_playlists, 1);
    ngx_conf_merge_value(conf->keep_segments, from->keep_segments, 1);
    const auto* core =
        static_cast<ngx_http_core_loc_conf_t*>(ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module));
    const bool inner = core->noname != 0 || core->lmt_excpt != 0;  // `if` and `limit_except` keep the handler
    if (inner && conf->prefix.data == nullptr) conf->prefix = from->prefix;
    set_default(conf->root, from->root, "");
    set_default(conf->raw_root, from->raw_root, "");
    set_default(conf->stream_location, from->stream_location, "/v/");
    set_default(conf->public_url, from->public_url, "");
    ngx_conf_merge_value(conf->stream_ttl, from->stream_ttl, kDefaultStreamTtl);
    ngx_conf_merge_value(conf->upload_ttl, from->upload_ttl, kDefaultUploadTtl);
    ngx_conf_merge_off_value(conf->upload_max_size, from->upload_max_size, kDefaultUploadMaxSize);
    set_default(conf->token_arg, from->token_arg, "token");
    set_default(conf->token_cookie, from->token_cookie, "mezz_token");
    if (conf->token_geo == nullptr) conf->token_geo = from->token_geo;
    if (conf->pictures == nullptr) conf->pictures = from->pictures;
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
    auto* const* api_locations = static_cast<LocationConf* const*>(main->api_locations.elts);
    for (ngx_uint_t i = 0; i < main->api_locations.nelts; ++i)
        if (!is_complete_api(cf, *main, *api_locations[i])) return NGX_ERROR;
    for (ngx_uint_t i = 0; i < main->api_locations.nelts; ++i)
        warn_of_small_bodies(cf, *api_locations[i]);
    if (!add_segment_cache(cf, *main, {locations, main->locations.nelts})) return NGX_ERROR;
    if (!start_counting(cf, *main)) return NGX_ERROR;
    if (main->leeway != NGX_CONF_UNSET) main->verifier->set_leeway(main->leeway);
    warn_of_open_roots(cf, {locations, main->locations.nelts});
    return NGX_OK;
}

}  // namespace mezz::nginx
