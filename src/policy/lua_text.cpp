#include "policy/lua_text.hpp"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <string_view>
#include <type_traits>

#include "policy/lua_limits.hpp"
#include "policy/lua_pattern.hpp"

namespace mezz::policy {

namespace {

// Lua errors leave these functions without unwinding.
static_assert(std::is_trivially_destructible_v<PatternMatcher>);

std::string_view text_argument(lua_State* lua, int index) {
    std::size_t size = 0;
    const char* text = luaL_checklstring(lua, index, &size);
    return {text, size};
}

// Lua's positions begin at 1; negative ones count from the end. What lies before is the begin, what lies
// behind the end.
std::size_t offset_argument(lua_State* lua, int index, std::size_t size) {
    const double position = luaL_optnumber(lua, index, 1);
    const double from = position > 0 ? position - 1 : position < 0 ? static_cast<double>(size) + position : 0;
    if (!(from > 0)) return 0;
    return from >= static_cast<double>(size) ? size : static_cast<std::size_t>(from);
}

void push_position(lua_State* lua, std::size_t offset) {
    lua_pushinteger(lua, static_cast<lua_Integer>(offset) + 1);
}

bool search(lua_State* lua, PatternMatcher& matcher, std::size_t from, bool anchors) {
    const auto outcome = matcher.search(from, anchors);
    if (outcome == PatternMatcher::Outcome::malformed) luaL_error(lua, "%s", matcher.fault());
    charge(lua,
           outcome == PatternMatcher::Outcome::too_long ? steps_left(meter_of(lua)) : matcher.steps_taken());
    return outcome == PatternMatcher::Outcome::found;
}

int push_captures(lua_State* lua, std::string_view text, const PatternMatcher& matcher, bool whole_if_none) {
    luaL_checkstack(lua, static_cast<int>(kMaxCaptures), "too many captures");
    if (matcher.capture_count() == 0 && whole_if_none) {
        lua_pushlstring(lua, text.data() + matcher.begin(), matcher.end() - matcher.begin());
        return 1;
    }
    for (std::size_t i = 0; i < matcher.capture_count(); ++i) {
        const Capture& capture = matcher.capture(i);
        if (capture.size == Capture::kPosition)
            push_position(lua, capture.begin);
        else
            lua_pushlstring(lua, text.data() + capture.begin, capture.size);
    }
    return static_cast<int>(matcher.capture_count());
}

int find_plain(lua_State* lua, std::string_view text, std::string_view wanted, std::size_t from) {
    charge(lua, (text.size() - from) / 16 + 1);
    // memmem's work is linear; that of a simple search is not.
    const void* at = memmem(text.data() + from, text.size() - from, wanted.data(), wanted.size());
    if (at == nullptr) {
        lua_pushnil(lua);
        return 1;
    }
    const auto begin = static_cast<std::size_t>(static_cast<const char*>(at) - text.data());
    push_position(lua, begin);
    lua_pushinteger(lua, static_cast<lua_Integer>(begin + wanted.size()));
    return 2;
}

}  // namespace

int lua_find(lua_State* lua) {
    const std::string_view text = text_argument(lua, 1);
    const std::string_view pattern = text_argument(lua, 2);
    const std::size_t from = offset_argument(lua, 3, text.size());
    if (lua_toboolean(lua, 4) != 0 || pattern.find_first_of("^$*+?.([%-") == std::string_view::npos)
        return find_plain(lua, text, pattern, from);
    PatternMatcher matcher(text, pattern, steps_left(meter_of(lua)));
    if (!search(lua, matcher, from, true)) {
        lua_pushnil(lua);
        return 1;
    }
    push_position(lua, matcher.begin());
    lua_pushinteger(lua, static_cast<lua_Integer>(matcher.end()));
    return 2 + push_captures(lua, text, matcher, false);
}

int lua_match(lua_State* lua) {
    const std::string_view text = text_argument(lua, 1);
    const std::string_view pattern = text_argument(lua, 2);
    const std::size_t from = offset_argument(lua, 3, text.size());
    PatternMatcher matcher(text, pattern, steps_left(meter_of(lua)));
    if (search(lua, matcher, from, true)) return push_captures(lua, text, matcher, true);
    lua_pushnil(lua);
    return 1;
}

int lua_step(lua_State* lua) {
    const std::string_view text = text_argument(lua, 1);
    const std::string_view pattern = text_argument(lua, 2);
    const std::size_t from = offset_argument(lua, 3, text.size());
    PatternMatcher matcher(text, pattern, steps_left(meter_of(lua)));
    if (!search(lua, matcher, from, lua_toboolean(lua, 4) != 0)) return 0;
    push_position(lua, matcher.begin());
    lua_pushinteger(lua, static_cast<lua_Integer>(matcher.end()));
    return 2 + push_captures(lua, text, matcher, true);
}

}  // namespace mezz::policy
