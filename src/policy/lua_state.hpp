// One Lua state with the rules in it.
#pragma once

#include <luajit-2.1/lua.hpp>

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "policy/lua_limits.hpp"
#include "policy/policy.hpp"

namespace mezz::policy {

/// Owns the state. Between calls, and outside of protected ones, only such functions of Lua are used as raise
/// no errors.
class LuaState {
public:
    static constexpr int kRule = 2, kResult = 3, kSecondResult = 4;  ///< places on the stack after a call

    /// Compiles the files, runs none. `error()` says what failed.
    LuaState(const RuleSources& sources, const Limits& limits);
    LuaState(const LuaState&) = delete;
    LuaState& operator=(const LuaState&) = delete;
    ~LuaState();

    /// Runs the file of that name, which must exist, and calls its value with the facts; or, if they are
    /// null, only runs it, its value being at kRule. False if that failed: see error().
    [[nodiscard]] bool call(std::string_view rule, const nlohmann::json* facts);

    /// After a call that succeeded: "watch.lua:8: the rule returned …", 8 being the line where it begins.
    [[nodiscard]] std::string blame(const std::string& what);

    [[nodiscard]] lua_State* lua() noexcept { return lua_; }
    [[nodiscard]] const std::string& error() const noexcept {
        return error_;
    }  ///< of the latest call, or empty
    /// True after a call went beyond a limit: what it left behind is not to be trusted.
    [[nodiscard]] bool broken() const noexcept { return meter_.beyond != Beyond::nothing; }
    [[nodiscard]] std::string_view printed() const noexcept { return {meter_.printed, meter_.printed_size}; }

private:
    bool protected_call(int function, const void* argument, int results, const std::string& name);
    std::string error_message(const std::string& name);

    Meter meter_;
    lua_State* lua_ = nullptr;
    std::string error_;
};

}  // namespace mezz::policy
