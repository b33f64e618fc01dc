// What bounds a Lua state: an allocator that counts, and a hook that counts instructions and looks at the
// clock.
#pragma once

#include <luajit-2.1/lua.hpp>

#include <cstddef>
#include <cstdint>

#include "policy/policy.hpp"

namespace mezz::policy {

/// Which limit was passed.
enum class Beyond : std::uint8_t { nothing, instructions, memory, cpu };

/// The account of one Lua state, found from any function that Lua calls. Plain data: Lua's errors unwind past
/// it.
struct Meter {
    Limits limits;
    std::size_t memory_used = 0;
    std::uint64_t counted = 0;      ///< instructions of this call, in the steps of the hook
    std::uint64_t cpu_from_ns = 0;  ///< the thread's time when this call began
    Beyond beyond = Beyond::nothing;
    char place[64] = "";       ///< "watch.lua:12", where the limit was passed; empty if not known
    char rule_place[64] = "";  ///< where the rule that runs begins; empty before it does
    std::size_t printed_size = 0;
    char printed[4096];
    lua_State* state = nullptr;
    const void* call = nullptr;  ///< what the function that runs now works on
};

/// A state whose memory is counted in `meter`, which must outlive it; null without memory. The compiler to
/// machine code is off: the code it makes does not call hooks.
[[nodiscard]] lua_State* new_limited_state(Meter& meter) noexcept;

[[nodiscard]] Meter& meter_of(lua_State* lua) noexcept;

/// Begins to count anew, for the next call.
void begin_call(Meter& meter) noexcept;

/// Counts steps of work done outside Lua instructions. Raises a Lua error if that passes the limit.
void charge(lua_State* lua, std::uint64_t steps);

/// The steps that are left to this call.
[[nodiscard]] std::uint64_t steps_left(const Meter& meter) noexcept;

/// Writes "watch.lua:12", the innermost line of a rule file that runs. After a tail call there may be none:
/// then where the rule begins, or "". Needs no memory of Lua.
void write_place(lua_State* lua, char* place, std::size_t size) noexcept;

}  // namespace mezz::policy
