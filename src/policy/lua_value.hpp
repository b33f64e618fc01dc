// JSON into Lua and back.
#pragma once

#include <luajit-2.1/lua.hpp>

#include <nlohmann/json.hpp>
#include <string_view>

namespace mezz::policy {

inline constexpr int kMaxFactsDepth = 32;
inline constexpr int kMaxAnswerDepth = 16;
inline constexpr std::size_t kMaxAnswerValues = 10000;

/// Pushes the value; null members and items are left out, a null is nil. Raises Lua errors: without memory,
/// beyond kMaxFactsDepth.
void push_json(lua_State* lua, const nlohmann::json& value);

/// Reads the value at `index` (positive) into `out`; null, or a static text that says what JSON cannot hold.
/// Calls nothing in Lua and raises no Lua error if `kReadSlots` of the stack are free; metatables are
/// ignored.
[[nodiscard]] const char* read_json(lua_State* lua, int index, nlohmann::json& out);

inline constexpr int kReadSlots = 4 * kMaxAnswerDepth + 8;

/// RFC 3629: no overlong forms, no surrogates.
[[nodiscard]] bool is_utf8(std::string_view text) noexcept;

}  // namespace mezz::policy
