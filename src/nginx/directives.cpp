// Reading and checking of each directive.
#include <sys/stat.h>

#include <cstdio>
#include <string>

#include "nginx/conf.hpp"
#include "nginx/handler.hpp"
#include "nginx/thread_op.hpp"
#include "nginx/zone.hpp"

namespace mezz::nginx {
namespace {

using Arguments = std::span<const ngx_str_t>;

Arguments arguments(const ngx_conf_t* cf) noexcept {
    return {static_cast<const ngx_str_t*>(cf->args->elts), cf->args->nelts};
}

char* conf_error() noexcept {
    return static_cast<char*>(NGX_CONF_ERROR);
}

// Reports `"<directive>" <what>`, with an argument in quotes.
char* reject(ngx_conf_t* cf, const ngx_str_t& argument, const char* what) noexcept {
    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "\"%V\": \"%V\" %s", &arguments(cf)[0], &argument, what);
    return conf_error();
}

ngx_str_t tail(const ngx_str_t& text, std::size_t from) noexcept {
    return {text.len - from, text.data + from};
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
    if (view(argument) != "files") return reject(cf, argument, "is no catalog: write \"files\"");
    conf->catalog = static_cast<ngx_uint_t>(Catalog::files);
    return NGX_CONF_OK;
}

char* set_storage(ngx_conf_t* cf, ngx_command_t*, void* data) {
    auto* conf = static_cast<LocationConf*>(data);
    const ngx_str_t& kind = arguments(cf)[1];
    const ngx_str_t& path = arguments(cf)[2];
    if (conf->root.data != nullptr) return const_cast<char*>("is duplicate");
    if (view(kind) != "file") return reject(cf, kind, "is no kind of storage: write \"file /path\"");
    if (path.len == 0 || path.data[0] != '/')
        return reject(cf, path, "must be an absolute path, such as \"/srv/video\"");
    std::string_view trimmed = view(path);
    while (trimmed.size() > 1 && trimmed.ends_with('/'))
        trimmed.remove_suffix(1);
    conf->root = copy(cf->pool, trimmed);
    if (conf->root.data == nullptr) return conf_error();
    struct stat info {};
    if (::stat(reinterpret_cast<const char*>(conf->root.data), &info) != 0 || !S_ISDIR(info.st_mode))
        return reject(cf, path, "is not a folder: create it, or write the path of one");
    return NGX_CONF_OK;
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

char* set_token(ngx_conf_t* cf, ngx_command_t*, void* data) {
    auto* conf = static_cast<LocationConf*>(data);
    const ngx_str_t& argument = arguments(cf)[1];
    if (conf->token != NGX_CONF_UNSET_UINT) return const_cast<char*>("is duplicate");
    if (view(argument) == "required")
        conf->token = static_cast<ngx_uint_t>(TokenMode::required);
    else if (view(argument) == "off")
        conf->token = static_cast<ngx_uint_t>(TokenMode::off);
    else
        return reject(cf, argument, "is unknown: write \"required\" or \"off\"");
    return NGX_CONF_OK;
}

struct KeyArguments {
    ngx_str_t kid{};
    ngx_str_t file{};
};

// Reads a small file while nginx starts; empty on failure, with errno set.
std::string read_key_file(const ngx_str_t& name) {
    std::string text;
    std::FILE* file = std::fopen(reinterpret_cast<const char*>(name.data), "re");
    if (file == nullptr) return text;
    char piece[4096];
    std::size_t n = 0;
    while (text.size() <= token::kMaxJwkSize && (n = std::fread(piece, 1, sizeof piece, file)) > 0)
        text.append(piece, n);
    (void)std::fclose(file);
    return text;
}

char* add_key(ngx_conf_t* cf, MainConf& conf, KeyArguments& key) {
    if (ngx_conf_full_name(cf->cycle, &key.file, 1) != NGX_OK) return conf_error();
    errno = 0;
    const std::string text = read_key_file(key.file);
    if (text.empty()) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, errno, "\"mezz_token_key\": \"%V\" cannot be read or is empty",
                           &key.file);
        return conf_error();
    }
    auto parsed = token::parse_jwk(text, view(key.kid));
    if (!parsed) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "\"mezz_token_key\": \"%V\": %s", &key.file,
                           parsed.error().text);
        return conf_error();
    }
    if (auto added = conf.verifier->add(std::move(*parsed)); !added) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "\"mezz_token_key\": kid \"%V\": %s", &key.kid,
                           added.error().text);
        return conf_error();
    }
    return NGX_CONF_OK;
}

char* set_token_key(ngx_conf_t* cf, ngx_command_t*, void* data) {
    KeyArguments key;
    for (const ngx_str_t& argument : arguments(cf).subspan(1)) {
        if (view(argument).starts_with("kid="))
            key.kid = tail(argument, 4);
        else if (view(argument).starts_with("file="))
            key.file = tail(argument, 5);
        else
            return reject(cf, argument, "is unknown: write \"kid=NAME file=PATH\"");
    }
    if (key.kid.len == 0 || key.file.len == 0)
        return const_cast<char*>("needs both: write \"mezz_token_key kid=NAME file=PATH;\"");
    return add_key(cf, *static_cast<MainConf*>(data), key);
}

// A name that may stand in a query and a cookie header as it is.
char* set_token_name(ngx_conf_t* cf, ngx_command_t* command, void* data) {
    auto* name = reinterpret_cast<ngx_str_t*>(static_cast<char*>(data) + command->offset);
    const ngx_str_t& argument = arguments(cf)[1];
    if (name->data != nullptr) return const_cast<char*>("is duplicate");
    for (const char c : view(argument))
        if (std::isalnum(static_cast<unsigned char>(c)) == 0 && c != '_' && c != '-')
            return reject(cf, argument, "may hold letters, digits, \"_\" and \"-\" only");
    if (argument.len == 0) return reject(cf, argument, "is empty: write a name such as \"token\"");
    *name = argument;
    return NGX_CONF_OK;
}

char* set_leeway(ngx_conf_t* cf, ngx_command_t*, void* data) {
    auto* conf = static_cast<MainConf*>(data);
    if (conf->leeway != NGX_CONF_UNSET) return const_cast<char*>("is duplicate");
    ngx_str_t text = arguments(cf)[1];
    const ngx_int_t seconds = ngx_parse_time(&text, 1);
    if (seconds < 0 || seconds > token::kMaxLeeway)
        return reject(cf, arguments(cf)[1], "is not a time from 0 to 1h in whole seconds, such as \"30s\"");
    conf->leeway = seconds;
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

// Conf setters are called by nginx in C: what they throw for want of memory ends here.
template <char* (*Setter)(ngx_conf_t*, ngx_command_t*, void*)>
char* guarded(ngx_conf_t* cf, ngx_command_t* command, void* conf) noexcept {
    try {
        return Setter(cf, command, conf);
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
    {ngx_string("mezz_token_leeway"), NGX_HTTP_MAIN_CONF | NGX_CONF_TAKE1, guarded<set_leeway>,
     NGX_HTTP_MAIN_CONF_OFFSET, 0, nullptr},
    {ngx_string("mezz_max_moov"), kAnywhere | NGX_CONF_TAKE1, guarded<set_max_moov>, NGX_HTTP_LOC_CONF_OFFSET,
     0, nullptr},
    ngx_null_command,
};

}  // namespace mezz::nginx
