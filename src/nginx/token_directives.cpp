// Reading and checking of the directives about tokens.
#include <cstdio>
#include <string>

#include "nginx/directive_text.hpp"

namespace mezz::nginx {
namespace {

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

}  // namespace

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

char* set_token_geo(ngx_conf_t* cf, ngx_command_t*, void* data) {
    auto* conf = static_cast<LocationConf*>(data);
    const ngx_str_t& argument = arguments(cf)[1];
    if (conf->token_geo != nullptr) return const_cast<char*>("is duplicate");
    if (view(argument).find('$') == std::string_view::npos)
        return reject(cf, argument,
                      "holds no variable: write one with the country, as \"$geoip2_country_code\"");
    conf->token_geo =
        static_cast<ngx_http_complex_value_t*>(ngx_pcalloc(cf->pool, sizeof(ngx_http_complex_value_t)));
    if (conf->token_geo == nullptr) return conf_error();
    ngx_http_compile_complex_value_t compile{};
    compile.cf = cf;
    compile.value = const_cast<ngx_str_t*>(&argument);
    compile.complex_value = conf->token_geo;
    return ngx_http_compile_complex_value(&compile) == NGX_OK ? NGX_CONF_OK : conf_error();
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

}  // namespace mezz::nginx
