// The module's tables.
#include "nginx/conf.hpp"
#include "nginx/request_info.hpp"
#include "nginx/worker_state.hpp"

namespace {

constinit ngx_http_module_t module_context = {
    mezz::nginx::add_variables,        // preconfiguration
    mezz::nginx::check_configuration,  // postconfiguration
    mezz::nginx::create_main_conf,
    nullptr,  // init main configuration
    nullptr,  // create server configuration
    nullptr,  // merge server configuration
    mezz::nginx::create_location_conf,
    mezz::nginx::merge_location_conf,
};

}  // namespace

constinit ngx_module_t ngx_http_mezz_module = {
    NGX_MODULE_V1,
    &module_context,
    mezz::nginx::directives,
    NGX_HTTP_MODULE,
    nullptr,                   // init master
    nullptr,                   // init module
    mezz::nginx::init_worker,  // init process
    nullptr,                   // init thread
    nullptr,                   // exit thread
    mezz::nginx::exit_worker,  // exit process
    nullptr,                   // exit master
    NGX_MODULE_V1_PADDING,
};
