// Reading and checking of the directives about titles.
#include <sys/stat.h>

#include <string>

#include "nginx/directive_text.hpp"
#include "nginx/handler.hpp"
#include "nginx/thread_op.hpp"
#include "nginx/zone.hpp"

namespace mezz::nginx {

char* read_folder(ngx_conf_t* cf, const ngx_str_t& path, ngx_str_t& out) {
    if (path.len == 0 || path.data[0] != '/')
        return reject(cf, path, "must be an absolute path, such as \"/srv/video\"");
    std::string_view trimmed = view(path);
    while (trimmed.size() > 1 && trimmed.ends_with('/'))
        trimmed.remove_suffix(1);
    out = copy(cf->pool, trimmed);
    if (out.data == nullptr) return conf_error();
    struct stat info {};
    if (::stat(reinterpret_cast<const char*>(out.data), &info) != 0 || !S_ISDIR(info.st_mode))
        return reject(cf, path, "is not a folder: create it, or write the path of one");
    return NGX_CONF_OK;
}

char* set_mezz(ngx_conf_t* cf, ngx_command_t*, void* data) {
    auto* conf = static_cast<LocationConf*>(data);
    if (conf->enabled != 0) return const_cast<char*>("is duplicate");
    auto* core =
        static_cast<ngx_http_core_loc_conf_t*>(ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module));
    auto* main = static_cast<MainConf*>(ngx_http_conf_get_module_main_conf(cf, ngx_http_mezz_module));
    auto* slot = static_cast<LocationConf**>(ngx_array_push(&main->locations));
    if (slot == nullptr || !add_default_thread_pool(cf)) return conf_error();
    if (core->handler != nullptr)
        return const_cast<char*>(
            "shares its location with another directive that answers requests: give it its own");
    *slot = conf;
    conf->enabled = 1;
#if (NGX_PCRE)
    if (core->regex == nullptr)
#endif
        conf->prefix = core->name;
    const std::string where =
        std::string(view(cf->conf_file->file.name)) + ':' + std::to_string(cf->conf_file->line);
    conf->declared_in = copy(cf->pool, where);
    if (conf->declared_in.data == nullptr) return conf_error();
    conf->core = core;
    core->handler = handle_request;
    return NGX_CONF_OK;
}

char* set_zone(ngx_conf_t* cf, ngx_command_t*, void* data) {
    auto* conf = static_cast<MainConf*>(data);
    const ngx_str_t& argument = arguments(cf)[1];
    if (conf->zone != nullptr) return const_cast<char*>("is duplicate");
    const std::size_t colon = view(argument).find(':');
    if (colon == std::string_view::npos || colon == 0)
        return reject(cf, argument, "is not NAME:SIZE, such as \"shared:128m\"");
    ngx_str_t name{colon, argument.data};
    ngx_str_t size_text = tail(argument, colon + 1);
    const ssize_t size = ngx_parse_size(&size_text);
    constexpr ssize_t kSmallest = 1 << 20;
    if (size < kSmallest)
        return reject(cf, argument, "must have a size of at least 1m, such as \"shared:128m\"");
    conf->zone = add_zone(cf, name, static_cast<std::size_t>(size));
    return conf->zone == nullptr ? conf_error() : NGX_CONF_OK;
}

char* set_catalog(ngx_conf_t* cf, ngx_command_t*, void* data) {
    auto* conf = static_cast<LocationConf*>(data);
    const ngx_str_t& argument = arguments(cf)[1];
    if (conf->catalog != NGX_CONF_UNSET_UINT) return const_cast<char*>("is duplicate");
    if (view(argument) == "files")
        conf->catalog = static_cast<ngx_uint_t>(Catalog::files);
    else if (view(argument) == "postgres")
        conf->catalog = static_cast<ngx_uint_t>(Catalog::postgres);
    else
        return reject(cf, argument, "is no catalog: write \"files\" or \"postgres\"");
    return NGX_CONF_OK;
}

char* set_storage(ngx_conf_t* cf, ngx_command_t*, void* data) {
    auto* conf = static_cast<LocationConf*>(data);
    const ngx_str_t& kind = arguments(cf)[1];
    const ngx_str_t& path = arguments(cf)[2];
    if (conf->root.data != nullptr) return const_cast<char*>("is duplicate");
    if (view(kind) != "file") return reject(cf, kind, "is no kind of storage: write \"file /path\"");
    return read_folder(cf, path, conf->root);
}

char* set_segment_duration(ngx_conf_t* cf, ngx_command_t*, void* data) {
    auto* conf = static_cast<LocationConf*>(data);
    if (conf->title_options != nullptr) return const_cast<char*>("is duplicate");
    conf->title_options = pool_new<package::TitleOptions>(cf->pool);
    if (conf->title_options == nullptr) return conf_error();
    for (const ngx_str_t& argument : arguments(cf).subspan(1)) {
        ngx_str_t text = argument;
        const ngx_int_t ms = ngx_parse_time(&text, 0);
        constexpr ngx_int_t kShortest = 1000;
        constexpr ngx_int_t kLongest = 60000;
        if (ms < kShortest || ms > kLongest)
            return reject(cf, argument, "is not a duration from 1s to 60s, such as \"6s\"");
        conf->title_options->segment_ms.push_back(static_cast<std::uint32_t>(ms));
    }
    return NGX_CONF_OK;
}

// The size is the instance's, as all locations share the memory; below the http block it can only be left
// out.
char* set_segment_cache(ngx_conf_t* cf, ngx_command_t*, void* data) {
    auto* conf = static_cast<LocationConf*>(data);
    auto* main = static_cast<MainConf*>(ngx_http_conf_get_module_main_conf(cf, ngx_http_mezz_module));
    const ngx_str_t& argument = arguments(cf)[1];
    if (conf->keep_segments != NGX_CONF_UNSET) return const_cast<char*>("is duplicate");
    conf->keep_segments = view(argument) == "off" ? 0 : 1;
    if (conf->keep_segments == 0) return NGX_CONF_OK;
    if (cf->cmd_type != NGX_HTTP_MAIN_CONF)
        return reject(cf, argument, "must be \"off\" here: write the size in the http block");
    ngx_str_t text = argument;
    const ssize_t size = ngx_parse_size(&text);
    constexpr ssize_t kSmallest = 1 << 20;
    if (size < kSmallest)
        return reject(cf, argument, "must be a size of at least 1m, such as \"64m\", or \"off\"");
    main->segments_size = static_cast<std::size_t>(size);
    return NGX_CONF_OK;
}

char* set_max_moov(ngx_conf_t* cf, ngx_command_t*, void* data) {
    auto* conf = static_cast<LocationConf*>(data);
    if (conf->max_moov != NGX_CONF_UNSET_SIZE) return const_cast<char*>("is duplicate");
    ngx_str_t text = arguments(cf)[1];
    const ssize_t size = ngx_parse_size(&text);
    constexpr ssize_t kSmallest = 64 << 10;
    constexpr ssize_t kLargest = ssize_t{2} << 30;
    if (size < kSmallest || size > kLargest)
        return reject(cf, arguments(cf)[1], "is not a size from 64k to 2g, such as \"128m\"");
    conf->max_moov = static_cast<std::size_t>(size);
    return NGX_CONF_OK;
}

}  // namespace mezz::nginx
