// The functions of Lua's string library that match patterns, with the work charged to the call.
#pragma once

#include <luajit-2.1/lua.hpp>

namespace mezz::policy {

/// string.find and string.match of Lua 5.1.
int lua_find(lua_State* lua);
int lua_match(lua_State* lua);

/// (s, pattern, from, anchors): first and last position of the first match at or after `from`, then its
/// captures, or the whole match if it has none; nothing without a match. For the loops of gmatch and gsub.
int lua_step(lua_State* lua);

}  // namespace mezz::policy
