// The directives `mezz_test_redis ADDRESS MS`, `mezz_test_postgres CONNINFO MS`, and `mezz_test WHAT` for a
// location.
#include "backends_bodies.hpp"

extern "C" ngx_module_t ngx_http_mezz_backends_module;

namespace mezz::nginx::backends_test {
namespace {

struct Named {
    std::string_view name;
    RequestFlow::Body body;
};

constexpr Named kBodies[] = {{"redis", redis},  {"redis-send", redis_send}, {"redis-big", redis_big},
                             {"pg", postgres},  {"pg-big", postgres_big},   {"chain", chain},
                             {"status", status}};

struct LocationConf {
    RequestFlow::Body body;
};

ngx_int_t serve(ngx_http_request_t* r) noexcept {
    const ngx_int_t rc = ngx_http_discard_request_body(r);
    const auto& conf = location_conf<LocationConf>(r, ngx_http_mezz_backends_module);
    return rc == NGX_OK ? RequestFlow::launch(r, conf.body) : rc;
}

char* set_body(ngx_conf_t* cf, ngx_command_t* /*command*/, void* data) noexcept {
    auto* conf = static_cast<LocationConf*>(data);
    const auto* words = static_cast<const ngx_str_t*>(cf->args->elts);
    auto* core =
        static_cast<ngx_http_core_loc_conf_t*>(ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module));
    for (const Named& named : kBodies) {
        if (view(words[1]) == named.name) conf->body = named.body;
    }
    core->handler = serve;
    return conf->body == nullptr ? const_cast<char*>("is wrong") : NGX_CONF_OK;
}

ngx_msec_t milliseconds(const ngx_str_t& text) noexcept {
    return static_cast<ngx_msec_t>(ngx_atoi(text.data, text.len));
}

char* set_redis(ngx_conf_t* cf, ngx_command_t* /*command*/, void* data) {
    auto* conf = static_cast<BackendsConf*>(data);
    const auto* words = static_cast<const ngx_str_t*>(cf->args->elts);
    if (!parse_redis_address(cf, words[1], conf->redis.emplace())) return static_cast<char*>(NGX_CONF_ERROR);
    conf->redis_time_limit = milliseconds(words[2]);
    return NGX_CONF_OK;
}

char* set_postgres(ngx_conf_t* cf, ngx_command_t* /*command*/, void* data) {
    auto* conf = static_cast<BackendsConf*>(data);
    const auto* words = static_cast<const ngx_str_t*>(cf->args->elts);
    if (!parse_postgres(cf, words[1], conf->postgres.emplace())) return static_cast<char*>(NGX_CONF_ERROR);
    conf->postgres_time_limit = milliseconds(words[2]);
    return NGX_CONF_OK;
}

void* create_main_conf(ngx_conf_t* cf) noexcept {
    return pool_new<BackendsConf>(cf->pool);
}

void* create_location_conf(ngx_conf_t* cf) noexcept {
    return pool_new<LocationConf>(cf->pool);
}

ngx_int_t init_process(ngx_cycle_t* cycle) {
    if (!serves_requests()) return NGX_OK;
    const auto* conf = static_cast<const BackendsConf*>(
        ngx_http_cycle_get_module_main_conf(cycle, ngx_http_mezz_backends_module));
    worker = new Worker;
    worker->backends = Backends::create(*conf);
    if (conf->redis) {
        const RedisSubscriber::Times times{.limit = 500, .ping_interval = 500};
        worker->subscriber =
            std::make_unique<RedisSubscriber>(*conf->redis, "mezz:test", worker->listener, times);
    }
    return NGX_OK;
}

void exit_process(ngx_cycle_t* /*cycle*/) noexcept {
    delete std::exchange(worker, nullptr);
}

ngx_command_t commands[] = {{ngx_string("mezz_test"), NGX_HTTP_LOC_CONF | NGX_CONF_TAKE1, set_body,
                             NGX_HTTP_LOC_CONF_OFFSET, 0, nullptr},
                            {ngx_string("mezz_test_redis"), NGX_HTTP_MAIN_CONF | NGX_CONF_TAKE2, set_redis,
                             NGX_HTTP_MAIN_CONF_OFFSET, 0, nullptr},
                            {ngx_string("mezz_test_postgres"), NGX_HTTP_MAIN_CONF | NGX_CONF_TAKE2,
                             set_postgres, NGX_HTTP_MAIN_CONF_OFFSET, 0, nullptr},
                            ngx_null_command};

constinit ngx_http_module_t context = {nullptr, nullptr, create_main_conf,     nullptr,
                                       nullptr, nullptr, create_location_conf, nullptr};

}  // namespace

}  // namespace mezz::nginx::backends_test

constinit ngx_module_t ngx_http_mezz_backends_module = {NGX_MODULE_V1,
                                                        &mezz::nginx::backends_test::context,
                                                        mezz::nginx::backends_test::commands,
                                                        NGX_HTTP_MODULE,
                                                        nullptr,
                                                        nullptr,
                                                        mezz::nginx::backends_test::init_process,
                                                        nullptr,
                                                        nullptr,
                                                        mezz::nginx::backends_test::exit_process,
                                                        nullptr,
                                                        NGX_MODULE_V1_PADDING};
