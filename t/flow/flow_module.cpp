// The directive `mezz_flow WHAT [FILE]` for a location.
#include "flow_bodies.hpp"
#include "nginx/thread_op.hpp"

extern "C" ngx_module_t ngx_http_mezz_flow_module;

namespace mezz::nginx::flow_test {

Conf& conf_of(const ngx_http_request_t* r) noexcept {
    return location_conf<Conf>(r, ngx_http_mezz_flow_module);
}

namespace {

struct Named {
    std::string_view name;
    RequestFlow::Body body;
};

constexpr Named kBodies[] = {{"chain", chain},         {"reads", reads},   {"stream", stream},
                             {"sendfile", sendfile},   {"error", error},   {"push", push},
                             {"no_memory", no_memory}, {"throws", throws}, {"calls", calls},
                             {"status", status}};

ngx_int_t serve(ngx_http_request_t* r) noexcept {
    const ngx_int_t rc = ngx_http_discard_request_body(r);
    return rc == NGX_OK ? RequestFlow::launch(r, conf_of(r).body) : rc;
}

char* set_flow(ngx_conf_t* cf, ngx_command_t* /*command*/, void* data) noexcept {
    auto* conf = static_cast<Conf*>(data);
    const auto* words = static_cast<const ngx_str_t*>(cf->args->elts);
    auto* core =
        static_cast<ngx_http_core_loc_conf_t*>(ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module));
    for (const Named& named : kBodies) {
        if (view(words[1]) == named.name) conf->body = named.body;
    }
    if (conf->body == nullptr || !add_default_thread_pool(cf)) return const_cast<char*>("is wrong");
    if (cf->args->nelts > 2) conf->file = words[2];
    core->handler = serve;
    return NGX_CONF_OK;
}

void* create_conf(ngx_conf_t* cf) noexcept {
    return pool_new<Conf>(cf->pool);
}

ngx_command_t commands[] = {{ngx_string("mezz_flow"), NGX_HTTP_LOC_CONF | NGX_CONF_TAKE12, set_flow,
                             NGX_HTTP_LOC_CONF_OFFSET, 0, nullptr},
                            ngx_null_command};

constinit ngx_http_module_t context = {nullptr, nullptr, nullptr,     nullptr,
                                       nullptr, nullptr, create_conf, nullptr};

}  // namespace

}  // namespace mezz::nginx::flow_test

constinit ngx_module_t ngx_http_mezz_flow_module = {NGX_MODULE_V1,
                                                    &mezz::nginx::flow_test::context,
                                                    mezz::nginx::flow_test::commands,
                                                    NGX_HTTP_MODULE,
                                                    nullptr,
                                                    nullptr,
                                                    nullptr,
                                                    nullptr,
                                                    nullptr,
                                                    nullptr,
                                                    nullptr,
                                                    NGX_MODULE_V1_PADDING};
