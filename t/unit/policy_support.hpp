// Policies for tests: from texts, and from the folder that is deployed.
#pragma once

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "policy/policy.hpp"

namespace mezz::test {

using nlohmann::json;
using policy::Limits;
using policy::Policy;
using policy::RuleSources;

inline RuleSources deployed_rules() {
    RuleSources sources;
    const auto folder = std::filesystem::path(__FILE__).parent_path() / "../../lua/mezz";
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
        std::ifstream file(entry.path());
        sources.push_back({entry.path().filename().string(), {std::istreambuf_iterator<char>(file), {}}});
    }
    return sources;
}

/// A policy of one rule, watch.lua; throws if it is refused.
inline Policy with_watch(const std::string& text, Limits limits = {}) {
    return Policy::make({{"watch.lua", text}}, limits).value();
}

/// What watch.lua makes of facts: "yes", "no", "no: the reason" or "error: the error".
inline std::string watch(Policy& rules, const json& facts = json::object()) {
    const auto verdict = rules.judge("watch", facts);
    if (!verdict) return "error: " + verdict.error();
    if (verdict->allow) return "yes";
    return verdict->reason.empty() ? "no" : "no: " + verdict->reason;
}

/// The same for a rule whose function has this body, with the facts as `f`; the body begins in line 1.
inline std::string outcome(const std::string& body, const json& facts = json::object(), Limits limits = {}) {
    Policy rules = with_watch("return function(f) " + body + "\nend", limits);
    return watch(rules, facts);
}

/// What `lua`, an expression, is: its value as JSON text, or the error.
inline std::string value_of(const std::string& lua, const json& facts = json::object()) {
    auto rules = Policy::make({{"ladder.lua", "return function(f) return " + lua + " end"}});
    if (!rules) return rules.error();
    const auto value = rules->choose("ladder", facts);
    return value ? value->dump() : value.error();
}

}  // namespace mezz::test
