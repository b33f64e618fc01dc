#include "policy/policy.hpp"

#include <algorithm>
#include <utility>

#include "policy/lua_state.hpp"
#include "policy/lua_value.hpp"

namespace mezz::policy {

namespace {

using nlohmann::json;

constexpr std::string_view kSuffix = ".lua";
constexpr std::size_t kMaxReason = 500;
constexpr double kMaxTtl = 366.0 * 24 * 3600;
constexpr std::string_view kRules[] = {"upload", "watch", "manage", "ladder"};

bool is_file_name(std::string_view name) {
    if (!name.ends_with(kSuffix)) return false;
    name.remove_suffix(kSuffix.size());
    return !name.empty() && name.size() <= 40 && std::ranges::all_of(name, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
               c == '-';
    });
}

bool is_rule(std::string_view name) {
    return std::ranges::find(kRules, name) != std::end(kRules);
}

std::string_view text_at(lua_State* lua, int index) {
    std::size_t size = 0;
    const char* text = lua_tolstring(lua, index, &size);
    return {text, size};
}

// The readers return null or a text that says what is wrong.
const char* read_reason(lua_State* lua, int index, std::string& out) {
    if (lua_isnil(lua, index)) return nullptr;
    if (lua_type(lua, index) != LUA_TSTRING) return "a reason that is no text";
    const std::string_view text = text_at(lua, index);
    if (text.size() > kMaxReason) return "a reason of more than 500 bytes";
    if (!is_utf8(text)) return "a reason that is not UTF-8";
    out = text;
    std::ranges::replace_if(
        out, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }, ' ');
    return nullptr;
}

const char* read_ttl(lua_State* lua, int index, std::optional<std::int64_t>& out) {
    const double ttl = lua_type(lua, index) == LUA_TNUMBER ? lua_tonumber(lua, index) : 0;
    if (!(ttl >= 1)) return "a ttl that is not a number of at least 1";
    out = static_cast<std::int64_t>(std::min(ttl, kMaxTtl));
    return nullptr;
}

const char* read_height(lua_State* lua, int index, std::optional<std::uint32_t>& out) {
    const double lines = lua_type(lua, index) == LUA_TNUMBER ? lua_tonumber(lua, index) : 0;
    if (!(lines >= 1 && lines <= UINT16_MAX)) return "a max_height that is not a number from 1 to 65535";
    out = static_cast<std::uint32_t>(lines);
    return nullptr;
}

const char* read_table(lua_State* lua, Verdict& out) {
    const char* wrong = "a table whose 'allow' is neither true nor false";
    bool decided = false;
    for (lua_pushnil(lua); lua_next(lua, LuaState::kResult) != 0; lua_pop(lua, 1)) {
        const int value = lua_gettop(lua);
        if (lua_type(lua, value - 1) != LUA_TSTRING) continue;
        const std::string_view name = text_at(lua, value - 1);
        const char* bad = nullptr;
        if (name == "allow" && lua_type(lua, value) == LUA_TBOOLEAN) {
            out.allow = lua_toboolean(lua, value) != 0;
            decided = true;
        } else if (name == "reason") {
            bad = read_reason(lua, value, out.reason);
        } else if (name == "ttl") {
            bad = read_ttl(lua, value, out.ttl_s);
        } else if (name == "max_height") {
            bad = read_height(lua, value, out.max_height);
        }
        if (bad != nullptr) return bad;
    }
    return decided ? nullptr : wrong;
}

const char* read_verdict(lua_State* lua, Verdict& out) {
    switch (lua_type(lua, LuaState::kResult)) {
        case LUA_TNIL:
        case LUA_TBOOLEAN:
            out.allow = lua_toboolean(lua, LuaState::kResult) != 0;
            return read_reason(lua, LuaState::kSecondResult, out.reason);
        case LUA_TTABLE:
            return read_table(lua, out);
        default:
            return "neither true, false, nil nor a table";
    }
}

}  // namespace

Policy::Policy(RuleSources sources, Limits limits, std::unique_ptr<LuaState> state) noexcept
    : sources_(std::move(sources)), limits_(limits), state_(std::move(state)) {}
Policy::Policy(Policy&&) noexcept = default;
Policy& Policy::operator=(Policy&&) noexcept = default;
Policy::~Policy() = default;

std::expected<Policy, std::string> Policy::make(RuleSources sources, Limits limits) {
    for (std::size_t i = 0; i < sources.size(); ++i) {
        if (!is_file_name(sources[i].name))
            return std::unexpected("\"" + sources[i].name + "\" is no name of a rule's file");
        for (std::size_t k = 0; k < i; ++k)
            if (sources[k].name == sources[i].name)
                return std::unexpected(sources[i].name + " is given twice");
    }
    auto state = std::make_unique<LuaState>(sources, limits);
    if (!state->error().empty()) return std::unexpected(state->error());
    for (const RuleSource& source : sources) {
        const std::string name = source.name.substr(0, source.name.size() - kSuffix.size());
        if (!state->call(name, nullptr)) return std::unexpected(state->error());
        if (is_rule(name) && lua_type(state->lua(), LuaState::kRule) != LUA_TFUNCTION)
            return std::unexpected(source.name + ": must return a function");
    }
    return Policy(std::move(sources), limits, std::move(state));
}

bool Policy::has(std::string_view rule) const noexcept {
    return std::ranges::any_of(sources_, [&](const RuleSource& source) {
        const std::string_view name = source.name;
        return name.size() == rule.size() + kSuffix.size() && name.starts_with(rule);
    });
}

std::expected<LuaState*, std::string> Policy::call(std::string_view rule, const json& facts) {
    if (!state_ || state_->broken()) {
        state_ = std::make_unique<LuaState>(sources_, limits_);
        if (!state_->error().empty()) return std::unexpected(state_->error());
    }
    if (!has(rule)) return std::unexpected(std::string(rule) + ".lua: there is no such rule");
    if (!state_->call(rule, &facts)) return std::unexpected(state_->error());
    return state_.get();
}

std::expected<Verdict, std::string> Policy::judge(std::string_view rule, const json& facts) {
    const auto state = call(rule, facts);
    if (!state) return std::unexpected(state.error());
    Verdict verdict;
    if (const char* wrong = read_verdict((*state)->lua(), verdict); wrong != nullptr)
        return std::unexpected((*state)->blame(wrong));
    return verdict;
}

std::expected<json, std::string> Policy::choose(std::string_view rule, const json& facts) {
    const auto state = call(rule, facts);
    if (!state) return std::unexpected(state.error());
    json answer;
    if (const char* wrong = read_json((*state)->lua(), LuaState::kResult, answer); wrong != nullptr)
        return std::unexpected((*state)->blame(wrong));
    return answer;
}

std::string_view Policy::printed() const noexcept {
    return state_ ? state_->printed() : std::string_view();
}

}  // namespace mezz::policy
