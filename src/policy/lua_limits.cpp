#include "policy/lua_limits.hpp"

#include <time.h>

#include <luajit-2.1/luajit.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>

namespace mezz::policy {

namespace {

constexpr int kHookPeriod = 100;
constexpr std::size_t kLeastMemory = 1024 * 1024;
constexpr int kGcPausePercent = 125;
constexpr int kGcSpeedPercent = 400;

std::uint64_t cpu_now_ns() noexcept {
    timespec now{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000U + static_cast<std::uint64_t>(now.tv_nsec);
}

void go_beyond(Meter& meter, Beyond beyond) noexcept {
    if (meter.beyond != Beyond::nothing) return;
    meter.beyond = beyond;
    if (meter.state != nullptr) write_place(meter.state, meter.place, sizeof meter.place);
}

void* allocate(void* user, void* old, std::size_t old_size, std::size_t size) noexcept {
    Meter& meter = *static_cast<Meter*>(user);
    if (size == 0) {
        std::free(old);
        meter.memory_used -= old_size;
        return nullptr;
    }
    if (size > old_size && size - old_size > meter.limits.memory_bytes - meter.memory_used) {
        go_beyond(meter, Beyond::memory);
        return nullptr;
    }
    void* now = std::realloc(old, size);
    if (now == nullptr) {
        go_beyond(meter, Beyond::memory);
        return nullptr;
    }
    meter.memory_used = meter.memory_used - old_size + size;
    return now;
}

void on_count(lua_State* lua, lua_Debug* /*where*/);

// From here on each instruction raises the error again, so that pcall in the rule ends at once, too.
void stop(lua_State* lua) {
    lua_sethook(lua, on_count, LUA_MASKCOUNT, 1);
    lua_pushliteral(lua, "limit");
    lua_error(lua);
}

void on_count(lua_State* lua, lua_Debug* /*where*/) {
    Meter& meter = meter_of(lua);
    if (meter.beyond == Beyond::nothing) {
        meter.counted += kHookPeriod;
        if (meter.counted >= meter.limits.instructions)
            go_beyond(meter, Beyond::instructions);
        else if (cpu_now_ns() - meter.cpu_from_ns >= meter.limits.cpu_ms * std::uint64_t{1'000'000})
            go_beyond(meter, Beyond::cpu);
    }
    if (meter.beyond != Beyond::nothing) stop(lua);
}

}  // namespace

lua_State* new_limited_state(Meter& meter) noexcept {
    meter.limits.memory_bytes = std::max(meter.limits.memory_bytes, kLeastMemory);
    meter.state = lua_newstate(allocate, &meter);
    if (meter.state == nullptr) return nullptr;
    luaJIT_setmode(meter.state, 0, LUAJIT_MODE_ENGINE | LUAJIT_MODE_OFF);
    // Lua does not collect when memory ends, so it must collect early.
    lua_gc(meter.state, LUA_GCSETPAUSE, kGcPausePercent);
    lua_gc(meter.state, LUA_GCSETSTEPMUL, kGcSpeedPercent);
    return meter.state;
}

Meter& meter_of(lua_State* lua) noexcept {
    void* user = nullptr;
    lua_getallocf(lua, &user);
    return *static_cast<Meter*>(user);
}

void begin_call(Meter& meter) noexcept {
    meter.counted = 0;
    meter.beyond = Beyond::nothing;
    meter.place[0] = meter.rule_place[0] = '\0';
    meter.printed_size = 0;
    meter.cpu_from_ns = cpu_now_ns();
    lua_sethook(meter.state, on_count, LUA_MASKCOUNT, kHookPeriod);
}

std::uint64_t steps_left(const Meter& meter) noexcept {
    return meter.limits.instructions - std::min(meter.counted, meter.limits.instructions);
}

void charge(lua_State* lua, std::uint64_t steps) {
    Meter& meter = meter_of(lua);
    meter.counted += steps;
    if (steps_left(meter) == 0) go_beyond(meter, Beyond::instructions);
    if (meter.beyond != Beyond::nothing) stop(lua);
}

void write_place(lua_State* lua, char* place, std::size_t size) noexcept {
    constexpr int kLevels = 50;
    std::snprintf(place, size, "%s", meter_of(lua).rule_place);
    lua_Debug at;
    for (int level = 0; level < kLevels && lua_getstack(lua, level, &at) == 1; ++level) {
        lua_getinfo(lua, "Sl", &at);
        if (at.currentline <= 0 || at.source[0] != '@') continue;
        std::snprintf(place, size, "%s:%d", at.short_src, at.currentline);
        return;
    }
}

}  // namespace mezz::policy
