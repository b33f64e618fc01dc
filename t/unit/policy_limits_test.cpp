// What a rule cannot do: run on, take memory, hide that it did, leave something behind, reach out of its
// world.
#include <string>

#include "check.hpp"
#include "policy_support.hpp"

namespace test = mezz::test;
using mezz::test::json;
using mezz::test::Limits;
using mezz::test::outcome;
using mezz::test::Policy;
using mezz::test::value_of;
using mezz::test::watch;
using mezz::test::with_watch;

namespace {

constexpr const char* kInstructions = "error: watch.lua:1: more than 1000000 instructions";
constexpr const char* kMemory = "error: watch.lua:1: more than 8388608 bytes of memory";
// For what ends by instructions although its single steps are slow.
constexpr Limits kPatient{.cpu_ms = 60'000};

bool runs_on(const std::string& body) {
    const std::string got = outcome(body, json::object(), kPatient);
    if (got != kInstructions) print_message("%s: %s\n", body.c_str(), got.c_str());
    return got == kInstructions;
}

bool swallows_memory(const std::string& body) {
    const std::string got = outcome(body, json::object(), kPatient);
    if (got != kMemory) print_message("%s: %s\n", body.c_str(), got.c_str());
    return got == kMemory;
}

bool fails(const std::string& body, std::string_view with) {
    const std::string got = outcome(body);
    const bool is = got.starts_with("error: watch.lua:1: ") && got.find(with) != std::string::npos;
    if (!is) print_message("%s: %s\n", body.c_str(), got.c_str());
    return is;
}

}  // namespace

static const char* stops_endless_loops() {
    MEZZ_CHECK(runs_on("while true do end"));
    MEZZ_CHECK(runs_on("local function g() return g() end return g()"));
    MEZZ_CHECK(runs_on("repeat local x = ('a'):rep(10) until false"));
    MEZZ_CHECK(runs_on("pcall(function() while true do end end) return true"));
    MEZZ_CHECK(runs_on("while true do pcall(function() while true do end end) end"));
    MEZZ_CHECK(runs_on("while true do pcall(pcall, pcall, error) end"));
    MEZZ_CHECK(runs_on("local function g() pcall(g) while true do end end g() return true"));
    MEZZ_CHECK(
        runs_on("local t = setmetatable({}, {__index = function() while true do end end}) return t.x"));
    MEZZ_CHECK(runs_on("return ('x'):gsub('x', function() while true do end end)"));
    MEZZ_CHECK(runs_on("table.sort({2, 1}, function() while true do end end)"));
    MEZZ_CHECK(runs_on("print(setmetatable({}, {__tostring = function() while true do end end}))"));
    MEZZ_CHECK(runs_on("for w in ('x'):gmatch('()') do while true do end end"));
    return test::kFine;
}

static const char* stops_costly_patterns() {
    MEZZ_CHECK(runs_on("return ('a'):rep(300):find('.-.-.-.-.-.-.-.-b') ~= nil"));
    MEZZ_CHECK(runs_on("return pcall(string.match, ('a'):rep(3000), ('a*'):rep(20) .. 'b')"));
    MEZZ_CHECK(runs_on("return ('a'):rep(100000):gsub('a*b', '')"));
    MEZZ_CHECK(runs_on("for x in ('('):rep(100000):gmatch('%b()') do end"));
    MEZZ_CHECK(runs_on("return ('a'):rep(100000):find('(.*)%1b')"));
    MEZZ_CHECK(runs_on("while true do ('ab'):find('b', 1, true) end"));
    return test::kFine;
}

static const char* stops_slow_instructions() {
    const std::string body =
        "local a, b = ('x'):rep(900000) .. 'a', ('x'):rep(900000) .. 'b' "
        "local n = 0 while true do if a < b then n = n + 1 end end";
    const Limits limits{.instructions = 1'000'000'000, .cpu_ms = 20};
    MEZZ_CHECK(outcome(body, json::object(), limits) ==
               "error: watch.lua:1: more than 20 ms of processor time");
    return test::kFine;
}

static const char* stops_bombs() {
    MEZZ_CHECK(swallows_memory("return ('x'):rep(1e9)"));
    MEZZ_CHECK(swallows_memory("return #('x'):rep(2^30) > 0"));
    MEZZ_CHECK(swallows_memory("local s = 'x' while true do s = s .. s end"));
    MEZZ_CHECK(swallows_memory("local t = {} while true do t[#t + 1] = {} end"));
    MEZZ_CHECK(swallows_memory("local t = {} for i = 1, 1e9 do t[i .. 'x'] = i end"));
    MEZZ_CHECK(swallows_memory("pcall(string.rep, 'x', 1e9) return true"));
    MEZZ_CHECK(swallows_memory("while true do pcall(string.rep, 'x', 1e9) end"));
    MEZZ_CHECK(
        swallows_memory("local t = {} pcall(function() while true do t[#t + 1] = {} end end) return true"));
    MEZZ_CHECK(swallows_memory("return (('x'):rep(1000):gsub('x', ('y'):rep(10000)))"));
    MEZZ_CHECK(fails("return ('x'):rep(2^31)", "") || swallows_memory("return ('x'):rep(2^31)"));
    MEZZ_CHECK(outcome("return #('x'):rep(-5) == 0 and #(''):rep(2^31 - 1) == 0") == "yes");
    // Garbage is no memory in use.
    MEZZ_CHECK(outcome("for i = 1, 2000 do local s = ('x'):rep(100000 + i) end return true") == "yes");
    return test::kFine;
}

static const char* stops_deep_recursion() {
    MEZZ_CHECK(fails("local function g() return 1 + g() end return g()", "stack overflow"));
    MEZZ_CHECK(outcome("local function g() return 1 + g() end return (pcall(g))") == "no");
    MEZZ_CHECK(
        fails("local m = {} m.__tostring = function(t) return ('%s'):format(t) end "
              "return ('%s'):format(setmetatable({}, m))",
              "overflow"));
    MEZZ_CHECK(fails("local m = {} m.__index = function(t, k) return t[k] end return setmetatable({}, m).x",
                     "overflow"));
    MEZZ_CHECK(fails("local function g(s) return (s:gsub('x', g)) end return g('x')", "overflow"));
    MEZZ_CHECK(fails("local t = {} t[1] = t return unpack({}, 1, 1e7)", "unpack"));
    MEZZ_CHECK(fails("return ('x'):rep(300000):byte(1, -1)", "too long"));
    return test::kFine;
}

static const char* goes_on_after_a_limit() {
    Policy rules = with_watch(
        "return function(f) if f.loop then while true do end end "
        "if f.bomb then pcall(string.rep, 'x', 1e9) return true end return f.fine end");
    const json loop = {{"loop", true}}, bomb = {{"bomb", true}}, fine = {{"fine", true}};
    for (int i = 0; i < 3; ++i) {
        MEZZ_CHECK(watch(rules, fine) == "yes");
        MEZZ_CHECK(watch(rules, bomb) == kMemory);
        MEZZ_CHECK(watch(rules, fine) == "yes");
        MEZZ_CHECK(watch(rules, loop) == kInstructions);
    }
    MEZZ_CHECK(watch(rules, fine) == "yes" && watch(rules) == "no");
    return test::kFine;
}

// Many calls, each of which makes garbage, need no more memory than one.
static const char* memory_does_not_grow() {
    Policy rules =
        with_watch("return function(f) local t = {} for i = 1, 500 do t[i] = {i .. f.n} end return true end");
    bool all = true;
    for (int i = 0; i < 2000; ++i)
        all = all && watch(rules, {{"n", std::to_string(i)}}) == "yes";
    MEZZ_CHECK(all);
    return test::kFine;
}

static const char* has_only_harmless_names() {
    for (const char* name :
         {"io",     "os",      "debug",      "ffi",       "jit",    "package",        "loadfile",
          "dofile", "load",    "loadstring", "coroutine", "xpcall", "collectgarbage", "newproxy",
          "module", "getfenv", "setfenv",    "rawset",    "rawget", "gcinfo",         "_G",
          "arg",    "mezz"})
        MEZZ_CHECK(fails(std::string("return ") + name, "there is no variable"));
    for (const char* name :
         {"string.dump", "(''):dump()", "math.random", "math.randomseed", "table.foreach and 1"})
        MEZZ_CHECK(value_of(name) == "null" || value_of(name).find("ladder.lua:1:") == 0);
    for (const char* module : {"ffi", "io", "os", "jit.opt", "../watch", "string", ""})
        MEZZ_CHECK(fails("return require('" + std::string(module) + "')", "there is no file"));
    MEZZ_CHECK(fails("return require()", "there is no file") &&
               fails("return require({})", "there is no file"));
    MEZZ_CHECK(value_of("getmetatable('')") == "false" && value_of("getmetatable(print)") == "null");
    MEZZ_CHECK(fails("setmetatable('', {})", "table expected"));
    MEZZ_CHECK(fails("x = 1", "'x' is not local") && fails("return y", "there is no variable 'y'"));
    MEZZ_CHECK(fails("local s = '' s.upper = 1", ""));
    return test::kFine;
}

// Whatever a call changes, the next one begins as the first did.
static const char* leaves_nothing_behind() {
    auto made = Policy::make(
        {{"watch.lua",
          "local helper = require 'helper' local count = 0 "
          "return function(f) count = count + 1 helper.count = helper.count + 1 "
          "local clean = count == 1 and helper.count == 1 and string.x == nil and table.concat and math.pi > "
          "3 "
          "and ('a'):upper() == 'A' and bit.x == nil "
          "string.x, string.upper, table.concat, math.pi, bit.x = 1, function() return 'B' end, nil, 4, 1 "
          "if ('a'):upper() ~= 'A' then return false, 'methods are poisoned' end "
          "f.seen = true return clean and not f.before end"},
         {"helper.lua", "return {count = 0}"}});
    MEZZ_CHECK(made.has_value());
    const json facts = {{"claims", json::object()}};
    for (int i = 0; i < 5; ++i)
        MEZZ_CHECK(watch(*made, facts) == "yes");
    MEZZ_CHECK(facts.size() == 1);
    return test::kFine;
}

static const char* refuses_byte_code() {
    const auto made = Policy::make({{"watch.lua", std::string("\x1bLJ\x02\x00", 5) + "xx"}});
    MEZZ_CHECK(!made && made.error().starts_with("watch.lua"));
    return test::kFine;
}

int main() {
    const CMUnitTest tests[] = {
        MEZZ_CHECKED(stops_endless_loops),     MEZZ_CHECKED(stops_costly_patterns),
        MEZZ_CHECKED(stops_slow_instructions), MEZZ_CHECKED(stops_bombs),
        MEZZ_CHECKED(stops_deep_recursion),    MEZZ_CHECKED(goes_on_after_a_limit),
        MEZZ_CHECKED(memory_does_not_grow),    MEZZ_CHECKED(has_only_harmless_names),
        MEZZ_CHECKED(leaves_nothing_behind),   MEZZ_CHECKED(refuses_byte_code),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
