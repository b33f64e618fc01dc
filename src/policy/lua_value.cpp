#include "policy/lua_value.hpp"

#include <cmath>
#include <cstdint>
#include <string>
#include <utility>

namespace mezz::policy {

namespace {

using nlohmann::json;

constexpr double kExactIntegers = 9007199254740992.0;  // 2^53

// Lua errors leave these functions without unwinding: nothing in them may own anything.
void push(lua_State* lua, const json& value, int depth);

void push_array(lua_State* lua, const json::array_t& items, int depth) {
    lua_createtable(lua, static_cast<int>(items.size()), 0);
    int n = 0;
    for (const json& item : items) {
        if (item.is_null()) continue;
        push(lua, item, depth - 1);
        lua_rawseti(lua, -2, ++n);
    }
}

void push_object(lua_State* lua, const json::object_t& members, int depth) {
    lua_createtable(lua, 0, static_cast<int>(members.size()));
    for (const auto& [name, member] : members) {
        if (member.is_null()) continue;
        lua_pushlstring(lua, name.data(), name.size());
        push(lua, member, depth - 1);
        lua_rawset(lua, -3);
    }
}

void push(lua_State* lua, const json& value, int depth) {
    if (depth == 0) luaL_error(lua, "the facts are too deep");
    luaL_checkstack(lua, 4, "the facts are too deep");
    switch (value.type()) {
        case json::value_t::boolean:
            return lua_pushboolean(lua, *value.get_ptr<const bool*>() ? 1 : 0);
        case json::value_t::number_integer:
            return lua_pushnumber(lua, static_cast<double>(*value.get_ptr<const std::int64_t*>()));
        case json::value_t::number_unsigned:
            return lua_pushnumber(lua, static_cast<double>(*value.get_ptr<const std::uint64_t*>()));
        case json::value_t::number_float:
            return lua_pushnumber(lua, *value.get_ptr<const double*>());
        case json::value_t::string: {
            const std::string& text = *value.get_ptr<const std::string*>();
            return lua_pushlstring(lua, text.data(), text.size());
        }
        case json::value_t::array:
            return push_array(lua, *value.get_ptr<const json::array_t*>(), depth);
        case json::value_t::object:
            return push_object(lua, *value.get_ptr<const json::object_t*>(), depth);
        case json::value_t::null:
        case json::value_t::binary:
        case json::value_t::discarded:
            return lua_pushnil(lua);
    }
}

class Reader {
public:
    explicit Reader(lua_State* lua) : lua_(lua) {}

    const char* read(int index, json& out, int depth) {
        if (values_-- == 0) return "more than 10,000 values";
        switch (lua_type(lua_, index)) {
            case LUA_TNIL:
                out = nullptr;
                return nullptr;
            case LUA_TBOOLEAN:
                out = lua_toboolean(lua_, index) != 0;
                return nullptr;
            case LUA_TNUMBER:
                return read_number(lua_tonumber(lua_, index), out);
            case LUA_TSTRING:
                if (!is_utf8(text_at(index))) return "a text that is not UTF-8";
                out = text_at(index);
                return nullptr;
            case LUA_TTABLE:
                if (depth == 0) return "tables within tables, more than 16 deep";
                return lua_objlen(lua_, index) > 0 || is_empty(index) ? read_list(index, out, depth)
                                                                      : read_members(index, out, depth);
            default:
                return "a function or another thing that is no data";
        }
    }

private:
    std::string_view text_at(int index) {
        std::size_t size = 0;
        const char* text = lua_tolstring(lua_, index, &size);
        return {text, size};
    }

    static const char* read_number(double number, json& out) {
        if (!std::isfinite(number)) return "a number that is not finite";
        if (std::abs(number) <= kExactIntegers && number == std::floor(number))
            out = static_cast<std::int64_t>(number);
        else
            out = number;
        return nullptr;
    }

    bool is_empty(int index) {
        lua_pushnil(lua_);
        if (lua_next(lua_, index) == 0) return true;
        lua_pop(lua_, 2);
        return false;
    }

    const char* read_list(int index, json& out, int depth) {
        const std::size_t size = lua_objlen(lua_, index);
        if (size > kMaxAnswerValues) return "more than 10,000 values";
        std::size_t keys = 0;
        for (lua_pushnil(lua_); lua_next(lua_, index) != 0; lua_pop(lua_, 1)) {
            if (++keys <= size) continue;
            lua_pop(lua_, 2);
            return "a table that is neither a list nor has texts as its keys only";
        }
        out = json::array();
        for (std::size_t i = 1; i <= size; ++i) {
            lua_rawgeti(lua_, index, static_cast<int>(i));
            json item;
            // As many keys as items, and none of the items nil: then the keys are 1 to size.
            const char* wrong =
                lua_isnil(lua_, -1) ? "a list with a hole" : read(lua_gettop(lua_), item, depth - 1);
            lua_pop(lua_, 1);
            if (wrong != nullptr) return wrong;
            out.push_back(std::move(item));
        }
        return nullptr;
    }

    const char* read_members(int index, json& out, int depth) {
        out = json::object();
        for (lua_pushnil(lua_); lua_next(lua_, index) != 0; lua_pop(lua_, 1)) {
            const int value = lua_gettop(lua_);
            const char* wrong = nullptr;
            json member;
            if (lua_type(lua_, value - 1) != LUA_TSTRING)
                wrong = "a table that is neither a list nor has texts as its keys only";
            else if (!is_utf8(text_at(value - 1)))
                wrong = "a text that is not UTF-8";
            else
                wrong = read(value, member, depth - 1);
            if (wrong != nullptr) {
                lua_pop(lua_, 2);
                return wrong;
            }
            out[std::string(text_at(value - 1))] = std::move(member);
        }
        return nullptr;
    }

    lua_State* lua_;
    std::size_t values_ = kMaxAnswerValues;
};

}  // namespace

void push_json(lua_State* lua, const json& value) {
    push(lua, value, kMaxFactsDepth);
}

const char* read_json(lua_State* lua, int index, json& out) {
    return Reader(lua).read(index, out, kMaxAnswerDepth);
}

bool is_utf8(std::string_view text) noexcept {
    for (std::size_t i = 0; i < text.size();) {
        const auto lead = static_cast<unsigned char>(text[i]);
        const std::size_t size = lead < 0x80                    ? 1
                                 : lead >= 0xc2 && lead < 0xe0  ? 2
                                 : lead >= 0xe0 && lead < 0xf0  ? 3
                                 : lead >= 0xf0 && lead <= 0xf4 ? 4
                                                                : 0;
        if (size == 0 || size > text.size() - i) return false;
        for (std::size_t k = 1; k < size; ++k)
            if ((static_cast<unsigned char>(text[i + k]) & 0xc0) != 0x80) return false;
        const auto second = static_cast<unsigned char>(size > 1 ? text[i + 1] : 0);
        if ((lead == 0xe0 && second < 0xa0) || (lead == 0xed && second > 0x9f) ||
            (lead == 0xf0 && second < 0x90) || (lead == 0xf4 && second > 0x8f))
            return false;
        i += size;
    }
    return true;
}

}  // namespace mezz::policy
