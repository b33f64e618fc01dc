#include "policy/lua_state.hpp"

#include <algorithm>

#include "policy/lua_value.hpp"
#include "policy/lua_world.hpp"

namespace mezz::policy {

namespace {

using nlohmann::json;

constexpr std::size_t kMaxMessage = 500;

// Places in the registry and, during a call, on the stack.
constexpr int kExplain = 1, kBuild = 2, kRun = 3, kLoad = 4, kCall = 5;

struct Request {
    std::string_view rule;
    const json* facts;  // null: only load the file
};

// Functions that Lua calls: its errors leave them without unwinding, so they own nothing.
int build(lua_State* lua) {
    push_world(lua, *static_cast<const RuleSources*>(meter_of(lua).call));
    lua_rawseti(lua, LUA_REGISTRYINDEX, kCall);
    lua_rawseti(lua, LUA_REGISTRYINDEX, kLoad);
    return 0;
}

int run(lua_State* lua) {
    Meter& meter = meter_of(lua);
    const auto& request = *static_cast<const Request*>(meter.call);
    if (meter.memory_used > meter.limits.memory_bytes / 4) lua_gc(lua, LUA_GCCOLLECT, 0);
    luaL_checkstack(lua, kReadSlots, "the stack");
    lua_rawgeti(lua, LUA_REGISTRYINDEX, request.facts == nullptr ? kLoad : kCall);
    lua_pushlstring(lua, request.rule.data(), request.rule.size());
    if (request.facts != nullptr) push_json(lua, *request.facts);
    lua_call(lua, request.facts == nullptr ? 1 : 2, 3);
    return 3;
}

int prepare(lua_State* lua) {
    lua_pushcfunction(lua, explain_error);
    lua_rawseti(lua, LUA_REGISTRYINDEX, kExplain);
    lua_pushcfunction(lua, build);
    lua_rawseti(lua, LUA_REGISTRYINDEX, kBuild);
    lua_pushcfunction(lua, run);
    lua_rawseti(lua, LUA_REGISTRYINDEX, kRun);
    return 0;
}

std::string limit_text(const Meter& meter) {
    switch (meter.beyond) {
        case Beyond::nothing:
            break;
        case Beyond::instructions:
            return "more than " + std::to_string(meter.limits.instructions) + " instructions";
        case Beyond::memory:
            return "more than " + std::to_string(meter.limits.memory_bytes) + " bytes of memory";
        case Beyond::cpu:
            return "more than " + std::to_string(meter.limits.cpu_ms) + " ms of processor time";
    }
    return "";
}

}  // namespace

LuaState::LuaState(const RuleSources& sources, const Limits& limits) {
    meter_.limits = limits;
    lua_ = new_limited_state(meter_);
    if (lua_ == nullptr || lua_cpcall(lua_, prepare, nullptr) != 0)
        error_ = "no memory for Lua";
    else
        protected_call(kBuild, &sources, 0, "the rules");
}

LuaState::~LuaState() {
    if (lua_ != nullptr) lua_close(lua_);
}

bool LuaState::call(std::string_view rule, const json* facts) {
    const Request request{rule, facts};
    return protected_call(kRun, &request, 3, std::string(rule) + ".lua");
}

std::string LuaState::blame(const std::string& what) {
    lua_Debug at;
    lua_pushvalue(lua_, kRule);
    lua_getinfo(lua_, ">S", &at);
    return std::string(at.short_src) + ":" + std::to_string(at.linedefined) + ": the rule returned " + what;
}

bool LuaState::protected_call(int function, const void* argument, int results, const std::string& name) {
    error_.clear();
    lua_settop(lua_, 0);
    begin_call(meter_);
    lua_rawgeti(lua_, LUA_REGISTRYINDEX, kExplain);
    lua_rawgeti(lua_, LUA_REGISTRYINDEX, function);
    meter_.call = argument;
    const int status = lua_pcall(lua_, 0, results, 1);
    meter_.call = nullptr;
    if (broken())
        error_ = (meter_.place[0] == '\0' ? name : std::string(meter_.place)) + ": " + limit_text(meter_);
    else if (status != 0)
        error_ = error_message(name);
    return error_.empty();
}

std::string LuaState::error_message(const std::string& name) {
    std::size_t size = 0;
    const char* text = lua_type(lua_, -1) == LUA_TSTRING ? lua_tolstring(lua_, -1, &size) : nullptr;
    if (text == nullptr || size == 0) return name + ": an error without a text";
    std::string out(text, std::min(size, kMaxMessage));
    if (!names_file(out.c_str()))
        out.insert(0, (meter_.rule_place[0] == '\0' ? name : std::string(meter_.rule_place)) + ": ");
    std::ranges::replace_if(
        out, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }, ' ');
    return out;
}

}  // namespace mezz::policy
