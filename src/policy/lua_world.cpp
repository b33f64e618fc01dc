#include "policy/lua_world.hpp"

#include <cstddef>
#include <cstdio>
#include <cstring>
#include <string_view>

#include "policy/lua_limits.hpp"
#include "policy/lua_prelude.hpp"
#include "policy/lua_text.hpp"

namespace mezz::policy {

namespace {

constexpr std::string_view kSuffix = ".lua";

// A line of print or log, without what could forge another line in the log.
int emit(lua_State* lua) {
    Meter& meter = meter_of(lua);
    std::size_t size = 0;
    const char* text = luaL_checklstring(lua, 1, &size);
    const std::size_t room = sizeof meter.printed - meter.printed_size;
    if (room < 2) return 0;
    if (size > room - 1) size = room - 1;
    for (std::size_t i = 0; i < size; ++i) {
        const auto c = static_cast<unsigned char>(text[i]);
        meter.printed[meter.printed_size++] = c < 0x20 || c == 0x7f ? ' ' : text[i];
    }
    meter.printed[meter.printed_size++] = '\n';
    return 0;
}

// The rule is about to be called.
int enter(lua_State* lua) {
    lua_Debug at;
    lua_pushvalue(lua, 1);
    lua_getinfo(lua, ">S", &at);
    char* place = meter_of(lua).rule_place;
    if (at.source[0] == '@')
        std::snprintf(place, sizeof Meter::rule_place, "%s:%d", at.short_src, at.linedefined);
    return 0;
}

void open_library(lua_State* lua, lua_CFunction open, const char* name) {
    lua_pushcfunction(lua, open);
    lua_pushstring(lua, name);
    lua_call(lua, 1, 0);
}

void push_chunks(lua_State* lua, const RuleSources& sources) {
    lua_createtable(lua, 0, static_cast<int>(sources.size()));
    for (const RuleSource& source : sources) {
        lua_pushlstring(lua, source.name.data(), source.name.size() - kSuffix.size());
        lua_pushfstring(lua, "@%s", source.name.c_str());
        // "t": the texts only; nothing checks byte code, so it could do anything.
        if (luaL_loadbufferx(lua, source.text.data(), source.text.size(), lua_tostring(lua, -1), "t") != 0) {
            if (!names_file(lua_tostring(lua, -1)))
                lua_pushfstring(lua, "%s: %s", source.name.c_str(), lua_tostring(lua, -1));
            lua_error(lua);
        }
        lua_remove(lua, -2);
        lua_rawset(lua, -3);
    }
}

// Methods of texts, as in ("x"):rep(2), reach the same functions as `string`, and no other.
void close_string_metatable(lua_State* lua) {
    lua_pushliteral(lua, "");
    lua_getmetatable(lua, -1);
    lua_pushvalue(lua, -3);
    lua_setfield(lua, -2, "__index");
    lua_pushboolean(lua, 0);
    lua_setfield(lua, -2, "__metatable");
    lua_pop(lua, 3);
}

}  // namespace

bool names_file(const char* message) noexcept {
    const char* colon = std::strchr(message, ':');
    const auto before = static_cast<std::size_t>(colon == nullptr ? 0 : colon - message);
    return before > kSuffix.size() && std::string_view(message, before).ends_with(kSuffix);
}

void push_world(lua_State* lua, const RuleSources& sources) {
    open_library(lua, luaopen_base, "");
    open_library(lua, luaopen_table, LUA_TABLIBNAME);
    open_library(lua, luaopen_string, LUA_STRLIBNAME);
    open_library(lua, luaopen_math, LUA_MATHLIBNAME);
    open_library(lua, luaopen_bit, LUA_BITLIBNAME);
    if (luaL_loadbufferx(lua, kPrelude, sizeof kPrelude - 1, "=mezz", "t") != 0) lua_error(lua);
    push_chunks(lua, sources);
    lua_pushcfunction(lua, enter);
    lua_pushcfunction(lua, emit);
    lua_pushcfunction(lua, lua_find);
    lua_pushcfunction(lua, lua_match);
    lua_pushcfunction(lua, lua_step);
    lua_call(lua, 6, 3);
    close_string_metatable(lua);
}

int explain_error(lua_State* lua) {
    const char* message = lua_tostring(lua, 1);
    if (message != nullptr && names_file(message)) return 1;
    // What the prelude raises is the fault of who called it.
    if (message != nullptr && std::strncmp(message, "mezz:", 5) == 0) {
        const char* end = std::strstr(message, ": ");
        if (end != nullptr) message = end + 2;
    }
    char place[sizeof Meter::place];
    write_place(lua, place, sizeof place);
    const char* colon = place[0] == '\0' ? "" : ": ";
    if (message != nullptr)
        lua_pushfstring(lua, "%s%s%s", place, colon, message);
    else
        lua_pushfstring(lua, "%s%sthe error is a %s value", place, colon, luaL_typename(lua, 1));
    return 1;
}

}  // namespace mezz::policy
