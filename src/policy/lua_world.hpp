// What a rule sees of Lua.
#pragma once

#include <luajit-2.1/lua.hpp>

#include "policy/policy.hpp"

namespace mezz::policy {

/// Pushes two functions onto the stack: `load(name)`, which runs the file of that name in a fresh environment
/// and returns its value, and `call(name, facts)`, which also calls that value and returns it, then what it
/// returned. Raises Lua errors, also those of the files' syntax.
void push_world(lua_State* lua, const RuleSources& sources);

/// A handler for lua_pcall: makes any error value a text that begins with file and line, if a rule was
/// running.
int explain_error(lua_State* lua);

/// True of a message that begins as "watch.lua:…".
[[nodiscard]] bool names_file(const char* message) noexcept;

}  // namespace mezz::policy
