// The functions that the prelude and the matcher put in place of Lua's own: they must behave as those do.
#include <luajit-2.1/lua.hpp>

#include <string>

#include "check.hpp"
#include "policy_support.hpp"

namespace test = mezz::test;
using mezz::test::json;
using mezz::test::Policy;

namespace {

// What each of many expressions gives, by LuaJIT's own library and by ours, must be equal.
constexpr const char* kCompare = R"lua(
local texts = {"", "a", "abc", "hello world from Lua", "key = value", "  trim me  ", "THE (quick) fox", "f(a(b)c)d)e",
    "video/mp4; codecs=\"avc1\"", "a.b-c%d[e]^f$", "aaa", "aXbXc", "\0a\0b", "x=1, y=2,z=3", "caf\195\169 ol\195\169",
    "]]--[[", "2026-11-25T19:05:32Z", "\t\n\r\v\f ", "AbCdEf0123456789"}
local patterns = {"", ".", "a", "a*", "a+", "a-", "a?", "a-b", "^a", "a$", "^a*$", "^%s*(.-)%s*$", "(%w+)", "(%w+)%s*=%s*(%w+)",
    "%b()", "%f[%w]%w+", "%f[%W]", "[%a_][%w_]*", "[^%s]+", "[a-f]+", "[^a-f]+", "[]]", "[^]]", "[]a-]+", "[%]]", "%.", "%%",
    "()a()", "(a)(b)?", "((a)(b))", "(.)%1", "(a*(.)%w(%s*))", "%d%d%d%d%-%d%d", "%z", "%Z+", "[%z]", "%u%l", "%x+", "%X+", "%p",
    "%P+", "%c", "%C+", "%S+", "%D+", "%A+", "%L", "%U", "^", "$", "^$", "[a%-]", "[%a-z]", "[a-%%]", "X", ".-X", "(.-)X(.*)",
    "%", "[", "[a", "[^", "[%", "(", ")", "(a", "a)", "%1", "%b", "%b(", "%f", "%fa", "(()", "%g", "\195", "[\194-\196]", "-", "*a", "a**",
    "a^", "^^a", "a$b", "+", "?", "x%"}
local out = {}
local function show(...)
    local words = {}
    for i = 1, select("#", ...) do words[i] = tostring((select(i, ...))):gsub("^.-:%d+: ", "") end
    return table.concat(words, "|")
end
local function all(f, ...)
    local n, list = 0, {}
    for a, b, c in f(...) do
        n = n + 1
        list[n] = tostring(a) .. "," .. tostring(b) .. "," .. tostring(c)
        if n > 40 then break end
    end
    return table.concat(list, ";")
end
local text, from = TEXT, nil
for _, p in ipairs(patterns) do
    for i = -3, 4, 3 do
        out[#out + 1] = "find " .. p .. i .. show(pcall(string.find, texts[text], p, i))
        out[#out + 1] = "match " .. p .. i .. show(pcall(string.match, texts[text], p, i))
    end
    out[#out + 1] = "plain " .. p .. show(string.find(texts[text], p, 2, true))
    out[#out + 1] = "gmatch " .. p .. show(pcall(all, string.gmatch, texts[text], p))
    out[#out + 1] = "gsub " .. p .. show(pcall(string.gsub, texts[text], p, "<%0|%1>"))
    out[#out + 1] = "gsub1 " .. p .. show(pcall(string.gsub, texts[text], p, "<%1%%>", 2))
    out[#out + 1] = "gsubt " .. p .. show(pcall(string.gsub, texts[text], p, {a = 1, b = false, hello = "bye"}))
    out[#out + 1] = "gsubf " .. p .. show(pcall(string.gsub, texts[text], p, function(x, y) return y end))
end
)lua";

std::string program(int text) {
    std::string lua = kCompare;
    return lua.replace(lua.find("TEXT"), 4, std::to_string(text));
}

std::string by_library(int text) {
    lua_State* lua = luaL_newstate();
    luaL_openlibs(lua);
    const std::string source = program(text) + " return table.concat(out, '\\n')";
    const bool fine = luaL_loadstring(lua, source.c_str()) == 0 && lua_pcall(lua, 0, 1, 0) == 0;
    std::size_t size = 0;
    const char* value = lua_tolstring(lua, -1, &size);
    std::string result = (fine ? "" : "failed: ") + std::string(value, size);
    lua_close(lua);
    return result;
}

std::string by_us(int text) {
    const std::string source =
        program(text) +
        " return function() local hex = table.concat(out, '\\n'):gsub('[^\\n -~]', function(c) "
        "return ('\\\\x%02x'):format(c:byte()) end) return hex end";
    auto made = Policy::make({{"ladder.lua", source}}, {.instructions = 50'000'000, .cpu_ms = 60'000});
    if (!made) return made.error();
    const auto value = made->choose("ladder", json::object());
    return value ? value->get<std::string>() : value.error();
}

std::string readable(const std::string& text) {
    std::string out;
    for (const char c : text) {
        if (c == '\n' || (c >= ' ' && c <= '~')) {
            out += c;
            continue;
        }
        char hex[8];
        std::snprintf(hex, sizeof hex, "\\x%02x", static_cast<unsigned>(static_cast<unsigned char>(c)));
        out += hex;
    }
    return out;
}

}  // namespace

static const char* matches_as_the_library_does() {
    for (int text = 1; text <= 19; ++text) {
        const std::string expected = readable(by_library(text)), got = by_us(text);
        if (got == expected) continue;
        std::size_t at = 0;
        while (at < got.size() && at < expected.size() && got[at] == expected[at])
            ++at;
        const std::size_t line = got.rfind('\n', at) + 1;
        print_error("text %d\n ours: %s\n theirs: %s\n", text, got.substr(line, 120).c_str(),
                    expected.substr(line, 120).c_str());
        return "a pattern matches otherwise than in LuaJIT";
    }
    return test::kFine;
}

static const char* sorts() {
    const auto sorted = [](const std::string& list, const std::string& less) {
        return test::value_of("(function() local t = " + list + " table.sort(t" + less + ") return t end)()");
    };
    MEZZ_CHECK(sorted("{3, 1, 2}", "") == "[1,2,3]" && sorted("{}", "") == "[]" &&
               sorted("{1}", "") == "[1]");
    MEZZ_CHECK(sorted("{'b', 'a', 'c', 'b'}", ", function(a, b) return a > b end") == R"(["c","b","b","a"])");
    MEZZ_CHECK(sorted("{5, 4, 3, 2, 1, 9, 8, 7}", ", function() return true end").size() == 17);
    MEZZ_CHECK(sorted("{1, 'a'}", "").find("attempt to compare") != std::string::npos);
    MEZZ_CHECK(test::value_of(
                   "(function() local t = {} for i = 1, 1000 do t[i] = (i * 7919) % 1009 end table.sort(t) "
                   "for i = 2, 1000 do if t[i - 1] > t[i] then return i end end return 'sorted' end)()") ==
               "\"sorted\"");
    return test::kFine;
}

int main() {
    const CMUnitTest tests[] = {MEZZ_CHECKED(matches_as_the_library_does), MEZZ_CHECKED(sorts)};
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
