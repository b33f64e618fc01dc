// Fuzzes src/policy/. The first byte of the input chooses what the rest is: a rule's text, facts, or a
// pattern and a text to match.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "policy/lua_pattern.hpp"
#include "policy/lua_value.hpp"
#include "policy/policy.hpp"

namespace {

using mezz::policy::Limits;
using mezz::policy::Policy;
using nlohmann::json;

constexpr Limits kLimits{.instructions = 20'000, .memory_bytes = 2 * 1024 * 1024, .cpu_ms = 1000};

void require(bool holds) {
    if (!holds) std::abort();
}

// Whatever a rule's text does, what it answers can be sent on, and a call after it is as the first.
void any_rule(std::string_view text) {
    const std::string source(text);
    auto policy = Policy::make({{"watch.lua", source},
                                {"ladder.lua", source},
                                {"manage.lua", "return function(f) return f.sub == 'ana' end"}},
                               kLimits);
    if (!policy) {
        require(!policy.error().empty());
        return;
    }
    const json facts = {{"sub", "ana"}, {"list", {1, "two", true}}};
    for (int i = 0; i < 2; ++i) {
        const auto verdict = policy->judge("watch", facts);
        if (verdict) require(mezz::policy::is_utf8(verdict->reason) && verdict->reason.size() <= 500);
        const auto answer = policy->choose("ladder", facts);
        if (answer) static_cast<void>(answer->dump());
        const auto sound = policy->judge("manage", facts);
        require(sound && sound->allow);
    }
}

// Facts come back as they went in, but for what Lua cannot tell apart.
void any_facts(std::string_view text) {
    static Policy policy = Policy::make({{"ladder.lua", "return function(f) return f end"}}).value();
    const json facts = json::parse(text, nullptr, false);
    if (facts.is_discarded()) return;
    const auto once = policy.choose("ladder", facts);
    if (!once) return;
    const auto twice = policy.choose("ladder", *once);
    require(twice && *twice == *once);
}

void any_pattern(std::string_view input) {
    using mezz::policy::PatternMatcher;
    const std::size_t cut = input.find('\n');
    if (cut == std::string_view::npos) return;
    const std::string_view pattern = input.substr(0, cut), text = input.substr(cut + 1);
    constexpr std::uint64_t kSteps = 100'000;
    PatternMatcher matcher(text, pattern, kSteps);
    const auto outcome = matcher.search(0, true);
    require(matcher.steps_taken() <= kSteps);
    require((outcome == PatternMatcher::Outcome::malformed) == (matcher.fault() != nullptr));
    if (outcome != PatternMatcher::Outcome::found) return;
    require(matcher.begin() <= matcher.end() && matcher.end() <= text.size());
    for (std::size_t i = 0; i < matcher.capture_count(); ++i) {
        const auto& capture = matcher.capture(i);
        require(capture.begin <= text.size());
        if (capture.size != mezz::policy::Capture::kPosition)
            require(capture.size <= text.size() - capture.begin);
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const std::string_view rest(reinterpret_cast<const char*>(data) + 1, size - 1);
    switch (data[0]) {
        case 'r':
            any_rule(rest);
            break;
        case 'f':
            any_facts(rest);
            break;
        case 'p':
            any_pattern(rest);
            break;
        default:
            return -1;
    }
    return 0;
}
