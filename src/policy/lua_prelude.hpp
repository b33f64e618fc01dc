// The Lua part of what a rule sees: a fresh environment for each call, from a short list of harmless
// functions, and those library functions whose own work has no bound, written so that the limits see it.
#pragma once

namespace mezz::policy {

/// A chunk of (chunks by name, enter, emit, find, match, step) that returns load, call, and the string
/// functions.
inline constexpr char kPrelude[] = R"lua(
local chunks, enter, emit, find, match, step = ...
local assert, error, ipairs, next, pairs, pcall, select = assert, error, ipairs, next, pairs, pcall, select
local setfenv, setmetatable, getmetatable = setfenv, setmetatable, getmetatable
local tonumber, tostring, type, unpack = tonumber, tostring, type, unpack
local concat, insert, maxn, remove = table.concat, table.insert, table.maxn, table.remove
local byte, sub = string.byte, string.sub
local min, huge = math.min, math.huge

local function copy(from, names)
    local to = {}
    for name in names:gmatch("%S+") do to[name] = from[name] end
    return to
end

local function text(value, name, position)
    if type(value) == "number" then return tostring(value) end
    if type(value) == "string" then return value end
    error("bad argument #" .. position .. " to '" .. name .. "' (string expected, got " .. type(value) .. ")", 3)
end

local function gmatch(s, pattern)
    s, pattern = text(s, "gmatch", 1), text(pattern, "gmatch", 2)
    local at = 1
    local function advance(first, last, ...)
        if not first then
            at = #s + 2
            return nil
        end
        at = last < first and first + 1 or last + 1
        return ...
    end
    return function()
        if at > #s + 1 then return nil end
        return advance(step(s, pattern, at, false))
    end
end

local function expand(template, whole, captures)
    local out, at = {}, 1
    while true do
        local sign = find(template, "%", at, true)
        if not sign then break end
        out[#out + 1] = sub(template, at, sign - 1)
        local c = sub(template, sign + 1, sign + 1)
        local digit = byte(c) and byte(c) - 48 or -1
        if digit == 0 then
            out[#out + 1] = whole
        elseif digit >= 1 and digit <= 9 then
            if captures[digit] == nil then error("invalid capture index", 3) end
            out[#out + 1] = tostring(captures[digit])
        else
            out[#out + 1] = c
        end
        at = sign + 2
    end
    out[#out + 1] = sub(template, at)
    return concat(out)
end

local function substitute(replacement, whole, captures)
    local value
    if type(replacement) == "table" then
        value = replacement[captures[1]]
    elseif type(replacement) == "function" then
        value = replacement(unpack(captures))
    else
        value = expand(replacement, whole, captures)
    end
    if not value then return whole end
    if type(value) ~= "string" and type(value) ~= "number" then
        error("invalid replacement value (a " .. type(value) .. ")", 3)
    end
    return value
end

local function found(first, last, ...) return first, last, { ... } end

local function gsub(s, pattern, replacement, limit)
    s, pattern, limit = text(s, "gsub", 1), text(pattern, "gsub", 2), limit or huge
    if type(replacement) ~= "table" and type(replacement) ~= "function" then
        replacement = text(replacement, "gsub", 3)
    end
    if sub(pattern, 1, 1) == "^" then limit = min(limit, 1) end
    local out, count, at = {}, 0, 1
    while count < limit and at <= #s + 1 do
        local first, last, captures = found(step(s, pattern, at, true))
        if not first then break end
        count = count + 1
        out[#out + 1] = sub(s, at, first - 1)
        out[#out + 1] = substitute(replacement, sub(s, first, last), captures)
        at = last + 1
        if last < first then
            out[#out + 1] = sub(s, first, first)
            at = first + 1
        end
    end
    out[#out + 1] = sub(s, at)
    return concat(out), count
end

-- A merge sort: stable, and a comparison that contradicts itself does no harm.
local function sort(list, less)
    less = less or function(a, b) return a < b end
    local n, width, from, to = #list, 1, list, {}
    while width < n do
        for low = 1, n, 2 * width do
            local middle, high = min(low + width, n + 1), min(low + 2 * width, n + 1)
            local i, j = low, middle
            for k = low, high - 1 do
                if i < middle and (j >= high or not less(from[j], from[i])) then
                    to[k], i = from[i], i + 1
                else
                    to[k], j = from[j], j + 1
                end
            end
        end
        from, to, width = to, from, 2 * width
    end
    if from ~= list then
        for k = 1, n do list[k] = from[k] end
    end
end

local function print(...)
    local words = {}
    for i = 1, select("#", ...) do words[i] = tostring((select(i, ...))) end
    emit(concat(words, "\t"))
end

local strings = copy(string, "byte char format len lower rep reverse sub upper")
strings.find, strings.gmatch, strings.gsub, strings.match = find, gmatch, gsub, match
local string_names = "byte char find format gmatch gsub len lower match rep reverse sub upper"
local math_names = "abs acos asin atan atan2 ceil cos cosh deg exp floor fmod frexp huge ldexp log log10 max min modf pi"
    .. " pow rad sin sinh sqrt tan tanh"
local bit_names = "arshift band bnot bor bswap bxor lshift rol ror rshift tobit tohex"

local strict = {
    __index = function(_, name) error("there is no variable '" .. tostring(name) .. "'", 2) end,
    __newindex = function(_, name) error("'" .. tostring(name) .. "' is not local: write 'local " .. tostring(name) .. "'", 2) end,
    __metatable = false,
}

local function copy_all(from)
    local to = {}
    for name, value in next, from do to[name] = value end
    return to
end
local math_functions, bit_functions = copy(math, math_names), copy(bit, bit_names)

local function new_require()
    local loaded, running, environment = {}, {}, nil
    local function require(name)
        local value = loaded[name]
        if value ~= nil then return value end
        local chunk = chunks[name]
        if not chunk then error("there is no file '" .. tostring(name) .. ".lua' among the rules", 2) end
        if running[name] then error("'" .. name .. ".lua' requires itself", 2) end
        running[name] = true
        value = setfenv(chunk, environment)()
        if value == nil then error("'" .. name .. ".lua' returns nothing", 2) end
        loaded[name] = value
        return value
    end
    environment = setmetatable({
        assert = assert, error = error, getmetatable = getmetatable, ipairs = ipairs, log = print, next = next,
        pairs = pairs, pcall = pcall, print = print, require = require, select = select, setmetatable = setmetatable,
        tonumber = tonumber, tostring = tostring, type = type, unpack = unpack,
        bit = copy_all(bit_functions), math = copy_all(math_functions), string = copy_all(strings),
        table = { concat = concat, insert = insert, maxn = maxn, remove = remove, sort = sort },
    }, strict)
    return require
end

local function load(name) return new_require()(name) end

local function call(name, facts)
    local rule = load(name)
    if type(rule) ~= "function" then error("'" .. name .. ".lua' returns no function", 0) end
    enter(rule)
    return rule, rule(facts)
end

return load, call, strings
)lua";

}  // namespace mezz::policy
