// Reading and checking of the directives about the REST API and the operator's rules.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "nginx/api_handler.hpp"
#include "nginx/directive_text.hpp"
#include "nginx/status_pages.hpp"
#include "nginx/thread_op.hpp"

namespace mezz::nginx {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kLargestRule = 1 << 20;
constexpr time_t kWeek = 7 * 86400;

// Whether a location's name is what the paths of its requests begin with.
bool is_prefix(const ngx_http_core_loc_conf_t& core) noexcept {
#if (NGX_PCRE)
    if (core.regex != nullptr) return false;
#endif
    return core.named == 0 && core.exact_match == 0 && core.name.len != 0 &&
           core.name.data[core.name.len - 1] == '/';
}

// Where a directive stands, for messages about it.
ngx_str_t position(ngx_conf_t* cf) {
    return copy(cf->pool,
                std::string(view(cf->conf_file->file.name)) + ':' + std::to_string(cf->conf_file->line));
}

char* set_seconds(ngx_conf_t* cf, time_t& value, time_t shortest, time_t longest,
                  const char* advice) noexcept {
    if (value != NGX_CONF_UNSET) return const_cast<char*>("is duplicate");
    ngx_str_t text = arguments(cf)[1];
    const ngx_int_t seconds = ngx_parse_time(&text, 1);
    if (seconds < shortest || seconds > longest) return reject(cf, arguments(cf)[1], advice);
    value = seconds;
    return NGX_CONF_OK;
}

std::expected<policy::RuleSources, std::string> read_rules(const fs::path& folder) {
    policy::RuleSources sources;
    std::error_code error;
    for (fs::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error)) {
        if (entry->path().extension() != ".lua" || !entry->is_regular_file()) continue;
        std::ifstream file(entry->path(), std::ios::binary);
        std::ostringstream text;
        if (!(text << file.rdbuf()) || text.view().size() > kLargestRule)
            return std::unexpected(entry->path().filename().string() +
                                   " cannot be read, is empty or over 1 MiB");
        sources.push_back({.name = entry->path().filename().string(), .text = text.str()});
    }
    if (error) return std::unexpected(error.message());
    std::ranges::sort(sources, {}, &policy::RuleSource::name);
    return sources;
}

char* set_handler(ngx_conf_t* cf, ngx_http_handler_pt handler) noexcept {
    auto* core =
        static_cast<ngx_http_core_loc_conf_t*>(ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module));
    if (core->handler != nullptr)
        return const_cast<char*>(
            "shares its location with another directive that answers requests: give it its own");
    core->handler = handler;
    return NGX_CONF_OK;
}

}  // namespace

char* set_readyz(ngx_conf_t* cf, ngx_command_t*, void*) {
    return set_handler(cf, handle_readyz);
}

char* set_metrics(ngx_conf_t* cf, ngx_command_t*, void*) {
    return set_handler(cf, handle_metrics);
}

char* set_api(ngx_conf_t* cf, ngx_command_t*, void* data) {
    auto* conf = static_cast<LocationConf*>(data);
    auto* core =
        static_cast<ngx_http_core_loc_conf_t*>(ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module));
    auto* main = static_cast<MainConf*>(ngx_http_conf_get_module_main_conf(cf, ngx_http_mezz_module));
    if (conf->api != 0) return const_cast<char*>("is duplicate");
    if (!is_prefix(*core))
        return const_cast<char*>(
            "needs a location with a prefix: write \"location /api/v1/ { mezz_api; ... }\"");
    if (char* wrong = set_handler(cf, handle_api); wrong != NGX_CONF_OK) return wrong;
    auto* slot = static_cast<LocationConf**>(ngx_array_push(&main->api_locations));
    if (slot == nullptr || !add_default_thread_pool(cf)) return conf_error();
    *slot = conf;
    conf->api = 1;
    conf->prefix = core->name;
    conf->declared_in = position(cf);
    if (conf->declared_in.data == nullptr) return conf_error();
    conf->core = core;
    return NGX_CONF_OK;
}

char* set_raw_storage(ngx_conf_t* cf, ngx_command_t*, void* data) {
    auto* conf = static_cast<LocationConf*>(data);
    const ngx_str_t& kind = arguments(cf)[1];
    if (conf->raw_root.data != nullptr) return const_cast<char*>("is duplicate");
    if (view(kind) != "file") return reject(cf, kind, "is no kind of storage: write \"file /path\"");
    return read_folder(cf, arguments(cf)[2], conf->raw_root);
}

char* set_stream_location(ngx_conf_t* cf, ngx_command_t*, void* data) {
    auto* conf = static_cast<LocationConf*>(data);
    const ngx_str_t& path = arguments(cf)[1];
    if (conf->stream_location.data != nullptr) return const_cast<char*>("is duplicate");
    if (!view(path).starts_with('/') || !view(path).ends_with('/'))
        return reject(cf, path,
                      "must begin and end with a slash, as the location with \"mezz_catalog postgres\"");
    conf->stream_location = path;
    return NGX_CONF_OK;
}

char* set_public_url(ngx_conf_t* cf, ngx_command_t*, void* data) {
    auto* conf = static_cast<LocationConf*>(data);
    ngx_str_t url = arguments(cf)[1];
    if (conf->public_url.data != nullptr) return const_cast<char*>("is duplicate");
    if (!view(url).starts_with("http://") && !view(url).starts_with("https://"))
        return reject(cf, url, "must be a URL such as \"https://video.example.org\"");
    while (view(url).ends_with('/'))
        --url.len;
    conf->public_url = url;
    return NGX_CONF_OK;
}

char* set_stream_ttl(ngx_conf_t* cf, ngx_command_t*, void* data) {
    return set_seconds(cf, static_cast<LocationConf*>(data)->stream_ttl, 10, kWeek,
                       "is not a time from 10s to 7d, such as \"4h\"");
}

char* set_upload_ttl(ngx_conf_t* cf, ngx_command_t*, void* data) {
    return set_seconds(cf, static_cast<LocationConf*>(data)->upload_ttl, 60, kWeek,
                       "is not a time from 1m to 7d, such as \"24h\"");
}

char* set_upload_max_size(ngx_conf_t* cf, ngx_command_t*, void* data) {
    auto* conf = static_cast<LocationConf*>(data);
    if (conf->upload_max_size != NGX_CONF_UNSET) return const_cast<char*>("is duplicate");
    ngx_str_t text = arguments(cf)[1];
    const off_t size = ngx_parse_offset(&text);
    constexpr off_t kSmallest = 1 << 20;
    if (size < kSmallest)
        return reject(cf, arguments(cf)[1], "is not a size of at least 1m, such as \"64g\"");
    conf->upload_max_size = size;
    return NGX_CONF_OK;
}

char* set_policy(ngx_conf_t* cf, ngx_command_t*, void* data) {
    auto* conf = static_cast<MainConf*>(data);
    ngx_str_t folder{};
    if (conf->rules != nullptr) return const_cast<char*>("is duplicate");
    if (char* wrong = read_folder(cf, arguments(cf)[1], folder); wrong != NGX_CONF_OK) return wrong;
    auto sources = read_rules(view(folder));
    if (!sources) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "\"mezz_policy\": \"%V\": %s", &folder,
                           sources.error().c_str());
        return conf_error();
    }
    const auto checked = policy::Policy::make(*sources);
    if (!checked) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "\"mezz_policy\": \"%V\": %s", &folder,
                           checked.error().c_str());
        return conf_error();
    }
    for (const char* rule : {"upload", "watch", "manage"}) {
        if (checked->has(rule)) continue;
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"mezz_policy\": \"%V\" has no %s.lua: copy the one that comes with Mezz",
                           &folder, rule);
        return conf_error();
    }
    conf->rules = pool_new<policy::RuleSources>(cf->pool, std::move(*sources));
    return conf->rules == nullptr ? conf_error() : NGX_CONF_OK;
}

char* add_policy_var(ngx_conf_t* cf, ngx_command_t*, void* data) {
    auto* conf = static_cast<MainConf*>(data);
    auto* var = static_cast<PolicyVar*>(ngx_array_push(&conf->policy_vars));
    if (var == nullptr) return conf_error();
    var->name = arguments(cf)[1];
    for (const char c : view(var->name))
        if (std::isalnum(static_cast<unsigned char>(c)) == 0 && c != '_')
            return reject(cf, var->name, "may hold letters, digits and \"_\" only");
    ngx_http_compile_complex_value_t compile{};
    compile.cf = cf;
    compile.value = const_cast<ngx_str_t*>(&arguments(cf)[2]);
    compile.complex_value = &var->value;
    return ngx_http_compile_complex_value(&compile) == NGX_OK ? NGX_CONF_OK : conf_error();
}

}  // namespace mezz::nginx
