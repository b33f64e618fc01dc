// What goes into a rule and what comes out: facts, verdicts, data, errors, what it prints.
#include <string>

#include "check.hpp"
#include "policy_support.hpp"

namespace test = mezz::test;
using mezz::test::json;
using mezz::test::outcome;
using mezz::test::Policy;
using mezz::test::value_of;
using mezz::test::watch;
using mezz::test::with_watch;

namespace {

std::string made(const std::string& name, const std::string& text) {
    const auto policy = Policy::make({{name, text}});
    return policy ? "made" : policy.error();
}

// What comes back if a rule returns its facts.
bool survives(const char* text) {
    const std::string got = value_of("f", json::parse(text));
    if (got != json::parse(text).dump()) print_message("%s became %s\n", text, got.c_str());
    return got == json::parse(text).dump();
}

}  // namespace

static const char* takes_verdicts() {
    MEZZ_CHECK(outcome("return true") == "yes" && outcome("return true, 'ignored'") == "yes");
    MEZZ_CHECK(outcome("return false") == "no" && outcome("return nil") == "no" && outcome("") == "no");
    MEZZ_CHECK(outcome("return false, 'because'") == "no: because" &&
               outcome("return nil, 'so'") == "no: so");
    MEZZ_CHECK(outcome("return {allow = true, reason = 'x'}") == "yes");
    MEZZ_CHECK(outcome("return {allow = false, reason = 'a\\nb\\0c'}") == "no: a b c");
    MEZZ_CHECK(outcome("return {allow = false}") == "no");
    Policy rules = with_watch("return function(f) return {allow = true, ttl = f.ttl} end");
    const auto ttl = [&](const json& value) {
        const auto verdict = rules.judge("watch", {{"ttl", value}});
        return verdict ? verdict->ttl_s.value_or(0) : -1;
    };
    MEZZ_CHECK(ttl(nullptr) == 0 && ttl(1) == 1 && ttl(90.9) == 90 && ttl(1e300) == 31622400);
    for (const json& odd : {json(0), json(-5), json("5"), json(true), json(json::array())})
        MEZZ_CHECK(ttl(odd) == -1);
    return test::kFine;
}

static const char* limits_of_height() {
    Policy rules = with_watch("return function(f) return {allow = true, max_height = f.lines} end");
    const auto lines = [&](const json& value) -> std::int64_t {
        const auto verdict = rules.judge("watch", {{"lines", value}});
        return verdict ? std::int64_t{verdict->max_height.value_or(0)} : -1;
    };
    MEZZ_CHECK(lines(nullptr) == 0 && lines(1) == 1 && lines(720) == 720 && lines(65535.0) == 65535);
    for (const json& odd : {json(0), json(-1), json(65536), json(1e300), json("720"), json::array({720})})
        MEZZ_CHECK(lines(odd) == -1);
    return test::kFine;
}

static const char* refuses_nonsense() {
    for (const char* value :
         {"1", "0", "'yes'", "print", "f.x, {}", "false, 5", "{}", "{allow = 1}", "{allow = 'true'}",
          "{allow = true, reason = {}}", "{allow = true, ttl = 0 / 0}", "{true}", "false, '\\255'",
          "false, ('x'):rep(501)", "setmetatable({}, {__index = {allow = true}})"})
        MEZZ_CHECK(
            outcome(std::string("\nreturn ") + value).starts_with("error: watch.lua:1: the rule returned "));
    return test::kFine;
}

static const char* names_file_and_line() {
    MEZZ_CHECK(made("watch.lua", "\n\nlocal x\nx x = 1") == "watch.lua:4: '=' expected near 'x'");
    MEZZ_CHECK(made("watch.lua", "\nerror('no')") == "watch.lua:2: no");
    MEZZ_CHECK(made("watch.lua", "return 5") == "watch.lua: must return a function");
    MEZZ_CHECK(made("helper.lua", "return 5") == "made");
    MEZZ_CHECK(made("helper.lua", "local x").find("helper.lua' returns nothing") != std::string::npos);
    MEZZ_CHECK(made("watch.lua", "\nwhile true do end") == "watch.lua:2: more than 1000000 instructions");
    MEZZ_CHECK(
        made("watch.lua", "return (require 'watch')").find("watch.lua:1: 'watch.lua' requires itself") == 0);
    MEZZ_CHECK(made("watch.lua", "local a = require 'other'") ==
               "watch.lua:1: there is no file 'other.lua' among the rules");
    for (const char* name : {"", ".lua", "watch", "../watch.lua", "a b.lua", "watch.lua.bak", "w\nx.lua"})
        MEZZ_CHECK(made(name, "return 1").find("is no name of a rule's file") != std::string::npos);
    MEZZ_CHECK(Policy::make({{"a.lua", "return 1"}, {"a.lua", "return 1"}}).error() ==
               "a.lua is given twice");
    MEZZ_CHECK(outcome("\nlocal t = f.claims\nreturn t.scope").find("error: watch.lua:3: attempt to index") ==
               0);
    MEZZ_CHECK(outcome("\nerror('bad')") == "error: watch.lua:2: bad");
    MEZZ_CHECK(outcome("\nerror('bad', 0)") == "error: watch.lua:2: bad");
    MEZZ_CHECK(outcome("\nerror({code = 1})") == "error: watch.lua:2: the error is a table value");
    MEZZ_CHECK(outcome("\nerror()") == "error: watch.lua:2: the error is a nil value");
    MEZZ_CHECK(outcome("\nerror(setmetatable({}, {__tostring = error}))").find("watch.lua:2: ") !=
               std::string::npos);
    MEZZ_CHECK(outcome("\nerror(5)") == "error: watch.lua:2: 5" &&
               outcome("\nassert(false)").find("watch.lua:2: ") == 7);
    MEZZ_CHECK(outcome("\nlocal x = ('x'):rep('y')").find("error: watch.lua:2: ") == 0);
    MEZZ_CHECK(outcome("\nlocal x = ('x'):gsub('(', '')").find("error: watch.lua:2: unfinished capture") ==
               0);
    MEZZ_CHECK(
        outcome("\nlocal x = ('x'):gsub({}, '')").find("error: watch.lua:2: bad argument #2 to 'gsub'") == 0);
    MEZZ_CHECK(outcome("\nlocal ok, e = pcall(error, 'x') return false, e") == "no: x");
    Policy rules = with_watch("return function() return true end");
    const auto verdict = rules.judge("upload", json::object());
    MEZZ_CHECK(!verdict && verdict.error() == "upload.lua: there is no such rule");
    MEZZ_CHECK(rules.has("watch") && !rules.has("upload") && !rules.has("watch.lua") && !rules.has(""));
    return test::kFine;
}

static const char* gives_facts_by_value() {
    MEZZ_CHECK(survives(
        R"({"a":1,"b":[1,2,3],"c":{"d":"é","e":true,"f":false},"g":1.5,"h":-7,"i":"","k":[[1],[2]]})"));
    MEZZ_CHECK(survives(R"([{"name":"720p","height":720}])") && survives("[]") && survives("true") &&
               survives("9007199254740992"));
    MEZZ_CHECK(value_of("f", json::parse(R"({"a":null,"b":[null,1,null,2],"c":{}})")) ==
               R"({"b":[1,2],"c":[]})");
    MEZZ_CHECK(value_of("#f.s", {{"s", std::string("a\0b", 3)}}) == "3");
    json wide = json::object();
    for (int i = 0; i < 10'000; ++i)
        wide["member" + std::to_string(i)] = i;
    MEZZ_CHECK(value_of("f.member9999", wide) == "9999");
    MEZZ_CHECK(value_of("(function() local n = 0 for k, v in pairs(f) do n = n + v end return n end)()",
                        wide) == "49995000");
    json deep = 1;
    for (int i = 0; i < 31; ++i)
        deep = json::array({deep});
    MEZZ_CHECK(value_of("1", deep) == "1");
    MEZZ_CHECK(value_of("1", json::array({deep})) == "ladder.lua: the facts are too deep");
    MEZZ_CHECK(value_of("1", {{"s", std::string(9'000'000, 'x')}}) ==
               "ladder.lua: more than 8388608 bytes of memory");
    return test::kFine;
}

static const char* takes_data() {
    MEZZ_CHECK(value_of("nil") == "null" && value_of("{}") == "[]" &&
               value_of("{1, {x = 'y'}}") == R"([1,{"x":"y"}])");
    MEZZ_CHECK(value_of("{{name = '720p', height = 720, max_kbps = 3000.5}}") ==
               R"([{"height":720,"max_kbps":3000.5,"name":"720p"}])");
    for (const char* odd :
         {"{1, nil, 3}", "{1, x = 2}", "{[2] = 1}", "{[1.5] = 1}", "{[true] = 1}", "print", "{f = print}",
          "0 / 0", "1 / 0", "'\\255'", "{['\\192\\128'] = 1}", "'\\237\\160\\128'", "'\\244\\144\\128\\128'",
          "{[0] = 1, 2}", "(function() local t = {} t.t = t return t end)()",
          "(function() local t = {} t[1] = t return t end)()",
          "(function() local t = {} for i = 1, 10000 do t[i] = i end return t end)()",
          "(function() local t = {1} for i = 1, 14 do t = {t, t} end return t end)()"}) {
        const std::string got = value_of(odd);
        if (!got.starts_with("ladder.lua:1: the rule returned ")) print_message("%s: %s\n", odd, got.c_str());
        MEZZ_CHECK(got.starts_with("ladder.lua:1: the rule returned "));
    }
    MEZZ_CHECK(value_of("(function() local t = {} for i = 1, 9999 do t[i] = i end return #t end)()") ==
               "9999");
    MEZZ_CHECK(value_of("setmetatable({1, 2}, {__index = error, __len = error, __pairs = error})") ==
               "[1,2]");
    return test::kFine;
}

static const char* collects_what_is_printed() {
    Policy rules = with_watch(
        "return function(f) print('a', 1, nil, true) log('x\\ny\\27[0m') if f.fail then error('no') end "
        "if f.much then for i = 1, 1000 do print('line ' .. i) end end return true end");
    MEZZ_CHECK(rules.printed().empty());
    MEZZ_CHECK(watch(rules) == "yes" && rules.printed() == "a 1 nil true\nx y [0m\n");
    MEZZ_CHECK(watch(rules) == "yes" && rules.printed() == "a 1 nil true\nx y [0m\n");
    MEZZ_CHECK(watch(rules, {{"fail", true}}) == "error: watch.lua:1: no" && rules.printed().size() == 21);
    MEZZ_CHECK(watch(rules, {{"much", true}}) == "yes" && rules.printed().size() <= 4096 &&
               rules.printed().ends_with('\n'));
    Policy moved = std::move(rules);
    MEZZ_CHECK(watch(moved) == "yes" && moved.printed().size() == 21);
    return test::kFine;
}

int main() {
    const CMUnitTest tests[] = {
        MEZZ_CHECKED(takes_verdicts),           MEZZ_CHECKED(limits_of_height),
        MEZZ_CHECKED(refuses_nonsense),         MEZZ_CHECKED(names_file_and_line),
        MEZZ_CHECKED(gives_facts_by_value),     MEZZ_CHECKED(takes_data),
        MEZZ_CHECKED(collects_what_is_printed),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
