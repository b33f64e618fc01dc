// The directives `mezz_zone_probe NAME:SIZE` (http) and `mezz_zone_ask` (location). A request says what to
// do:
//   ?do=insert&key=K&size=N[&hold=NAME]   stores a block made from its key
//   ?do=find&key=K[&hold=NAME]            looks it up
// with &most=N by the calls that limit what is in use to N bytes: insert reserves, fills and publishes;
//   ?do=check&hold=NAME, ?do=release&hold=NAME
// &pid=P: only if this worker is P. &die=CALL[&after=N]: the worker dies at its Nth call of CALL.
// The answer is "PID WORD", WORD being hit, miss, torn, released or other.
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <functional>
#include <map>
#include <string>

#include "nginx/zone.hpp"

extern "C" {
extern ngx_module_t ngx_http_mezz_zone_module;
void __real_ngx_shmtx_lock(ngx_shmtx_t* mutex);
void* __real_ngx_slab_alloc_locked(ngx_slab_pool_t* pool, size_t size);
void __real_ngx_slab_free_locked(ngx_slab_pool_t* pool, void* memory);
void __real_ngx_slab_init(ngx_slab_pool_t* pool);
void __real_ngx_rbtree_insert(ngx_rbtree_t* tree, ngx_rbtree_node_t* node);
}

namespace mezz::nginx::zone_test {
namespace {

constinit char deadly_call[16] = "";
constinit ngx_int_t calls_left = 0;

void called(std::string_view call) noexcept {
    if (call == deadly_call && --calls_left == 0) ::kill(::getpid(), SIGKILL);
}

struct Conf {
    ngx_shm_zone_t* zone;
};

std::string argument(ngx_http_request_t* r, std::string_view name) {
    ngx_str_t value{};
    const ngx_str_t key = borrow(name);
    if (ngx_http_arg(r, key.data, key.len, &value) != NGX_OK) return {};
    return std::string(view(value));
}

ngx_int_t number(const std::string& text) noexcept {
    const ngx_str_t s = borrow(text);
    return ngx_atoi(s.data, s.len);
}

std::vector<std::byte> make(const std::string& key, std::size_t size) {
    std::vector<std::byte> bytes(size);
    std::size_t state = std::hash<std::string>{}(key);
    for (std::byte& b : bytes) {
        state = state * 6364136223846793005 + 1442695040888963407;
        b = static_cast<std::byte>(state >> 56);
    }
    return bytes;
}

struct Held {
    std::string key;
    Block block;
    bool in_pieces = false;
};

std::map<std::string, Held>& held() {
    static std::map<std::string, Held> blocks;
    return blocks;
}

// As judge() wants it, or empty.
Block obtain(const Zone& zone, const std::string& key, std::size_t size, const std::string& most) {
    if (most.empty()) return size == 0 ? zone.find(key) : zone.insert(key, make(key, size));
    const auto limit = static_cast<std::size_t>(number(most));
    if (size == 0) return zone.find_stored(key, limit);
    Block block = zone.reserve(key, size, limit);
    if (!block) return block;
    const auto bytes = make(key, size);
    auto next = bytes.begin();
    for (const std::span<std::byte> piece : block.pieces()) {
        const auto end = next + static_cast<std::ptrdiff_t>(piece.size());
        std::copy(next, end, piece.begin());
        next = end;
    }
    return zone.publish(std::move(block));
}

const char* judge(const Held& one) {
    if (!one.block) return "miss";
    std::vector<std::byte> bytes(one.block.bytes().begin(), one.block.bytes().end());
    if (one.in_pieces) {
        bytes.clear();
        for (const std::span<std::byte> piece : one.block.pieces())
            bytes.insert(bytes.end(), piece.begin(), piece.end());
    }
    return make(one.key, bytes.size()) == bytes ? "hit" : "torn";
}

const char* act(ngx_http_request_t* r) {
    const std::string what = argument(r, "do"), key = argument(r, "key"), hold = argument(r, "hold");
    if (const std::string pid = argument(r, "pid"); !pid.empty() && number(pid) != ngx_pid) return "other";
    const std::string after = argument(r, "after");
    ngx_cpystrn(reinterpret_cast<u_char*>(deadly_call), reinterpret_cast<u_char*>(argument(r, "die").data()),
                sizeof(deadly_call));
    calls_left = after.empty() ? 1 : number(after);
    if (what == "check") return judge(held()[hold]);
    if (what == "release") {
        held().erase(hold);
        return "released";
    }
    const Zone zone(main_conf<Conf>(r, ngx_http_mezz_zone_module).zone);
    const std::size_t size = what == "insert" ? static_cast<std::size_t>(number(argument(r, "size"))) : 0;
    const std::string most = argument(r, "most");
    Held one{key, obtain(zone, key, size, most), !most.empty()};
    const char* word = judge(one);
    if (!hold.empty()) held()[hold] = std::move(one);
    return word;
}

ngx_int_t serve(ngx_http_request_t* r) {
    const std::string text = std::to_string(ngx_pid) + ' ' + act(r);
    deadly_call[0] = '\0';
    ngx_str_t type = ngx_string("text/plain");
    ngx_http_complex_value_t answer{};
    answer.value = copy(r->pool, text);
    return ngx_http_send_response(r, NGX_HTTP_OK, &type, &answer);
}

char* set_probe(ngx_conf_t* cf, ngx_command_t*, void* data) {
    const auto* words = static_cast<const ngx_str_t*>(cf->args->elts);
    const std::size_t colon = view(words[1]).find(':');
    if (colon == std::string_view::npos) return const_cast<char*>("is not NAME:SIZE");
    ngx_str_t name{colon, words[1].data};
    ngx_str_t size{words[1].len - colon - 1, words[1].data + colon + 1};
    auto* conf = static_cast<Conf*>(data);
    conf->zone = add_zone(cf, name, static_cast<std::size_t>(ngx_parse_size(&size)));
    return conf->zone == nullptr ? static_cast<char*>(NGX_CONF_ERROR) : NGX_CONF_OK;
}

char* set_ask(ngx_conf_t* cf, ngx_command_t*, void*) {
    static_cast<ngx_http_core_loc_conf_t*>(ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module))
        ->handler = serve;
    return NGX_CONF_OK;
}

void* create_conf(ngx_conf_t* cf) {
    return pool_new<Conf>(cf->pool);
}

ngx_command_t commands[] = {{ngx_string("mezz_zone_probe"), NGX_HTTP_MAIN_CONF | NGX_CONF_TAKE1, set_probe,
                             NGX_HTTP_MAIN_CONF_OFFSET, 0, nullptr},
                            {ngx_string("mezz_zone_ask"), NGX_HTTP_LOC_CONF | NGX_CONF_NOARGS, set_ask,
                             NGX_HTTP_LOC_CONF_OFFSET, 0, nullptr},
                            ngx_null_command};

constinit ngx_http_module_t context = {nullptr, nullptr, create_conf, nullptr,
                                       nullptr, nullptr, nullptr,     nullptr};

}  // namespace
}  // namespace mezz::nginx::zone_test

extern "C" {

void __wrap_ngx_shmtx_lock(ngx_shmtx_t* mutex) {
    mezz::nginx::zone_test::called("lock");
    __real_ngx_shmtx_lock(mutex);
}
void* __wrap_ngx_slab_alloc_locked(ngx_slab_pool_t* pool, size_t size) {
    mezz::nginx::zone_test::called("alloc");
    return __real_ngx_slab_alloc_locked(pool, size);
}
void __wrap_ngx_slab_free_locked(ngx_slab_pool_t* pool, void* memory) {
    mezz::nginx::zone_test::called("free");
    __real_ngx_slab_free_locked(pool, memory);
}
void __wrap_ngx_slab_init(ngx_slab_pool_t* pool) {
    __real_ngx_slab_init(pool);
    mezz::nginx::zone_test::called("init");
}
void __wrap_ngx_rbtree_insert(ngx_rbtree_t* tree, ngx_rbtree_node_t* node) {
    mezz::nginx::zone_test::called("link");
    __real_ngx_rbtree_insert(tree, node);
}
}

constinit ngx_module_t ngx_http_mezz_zone_module = {NGX_MODULE_V1,
                                                    &mezz::nginx::zone_test::context,
                                                    mezz::nginx::zone_test::commands,
                                                    NGX_HTTP_MODULE,
                                                    nullptr,
                                                    nullptr,
                                                    nullptr,
                                                    nullptr,
                                                    nullptr,
                                                    nullptr,
                                                    nullptr,
                                                    NGX_MODULE_V1_PADDING};
