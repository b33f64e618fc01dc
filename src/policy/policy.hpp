// The operator's rules: Lua functions from facts to verdicts, run by LuaJIT with limits.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mezz::policy {

class LuaState;

/// What one call of a rule may use. A call that goes beyond one of them ends with an error, whatever the rule
/// catches.
struct Limits {
    std::uint64_t instructions = 1'000'000;      ///< Lua instructions and steps of pattern matching
    std::size_t memory_bytes = 8 * 1024 * 1024;  ///< of the whole Lua state; less than 1 MiB is taken as that
    std::uint32_t cpu_ms = 200;  ///< for single instructions that take long, as `a < b` of long texts
};

/// A file of the rules' folder.
struct RuleSource {
    std::string name;  ///< "watch.lua": 1 to 40 of a-z A-Z 0-9 _ and -, then ".lua"
    std::string text;
};

/// All files of one folder: rules, and what they `require` by name.
using RuleSources = std::vector<RuleSource>;

/// What a rule decided.
struct Verdict {
    bool allow = false;
    std::string reason;  ///< for the client; UTF-8 without control characters, may be empty
    std::optional<std::int64_t>
        ttl_s;  ///< how long what is granted may live: 1 second to a year (what is more is cut to that)
    std::optional<std::uint32_t> max_height;  ///< lines of the renditions that are granted, at least 1
};

/// The rules of one folder in a Lua state of their own. Move only; used by one thread at a time. A call
/// leaves nothing behind for the next: each begins with the files' own text.
class Policy {
public:
    /// Compiles each file and runs it once. The error names file and line, as in
    /// "watch.lua:12: '=' expected near 'x'": the rules that are called (upload, watch, manage, ladder) must
    /// return a function, other files anything but nil.
    [[nodiscard]] static std::expected<Policy, std::string> make(RuleSources sources, Limits limits = {});

    Policy(Policy&&) noexcept;
    Policy& operator=(Policy&&) noexcept;
    ~Policy();

    /// True if there is a file `rule`.lua.
    [[nodiscard]] bool has(std::string_view rule) const noexcept;

    /// Calls the rule, "watch" for watch.lua, with facts, a JSON object at most 32 levels deep; null members
    /// and items are left out of what the rule sees, and integers beyond 2^53 are rounded. The error is a
    /// text for the log that names the file, and the line where there is one; the caller must deny.
    [[nodiscard]] std::expected<Verdict, std::string> judge(std::string_view rule,
                                                            const nlohmann::json& facts);

    /// Calls a rule that returns data: nil, boolean, number, UTF-8 text, list or table with text keys, at
    /// most 16 levels deep and of 10,000 values. An empty table is a list. Errors as with judge.
    [[nodiscard]] std::expected<nlohmann::json, std::string> choose(std::string_view rule,
                                                                    const nlohmann::json& facts);

    /// What the latest call printed, a line each, at most 4 KiB; also if the call failed. Control characters
    /// are replaced. Valid until the next call.
    [[nodiscard]] std::string_view printed() const noexcept;

private:
    Policy(RuleSources sources, Limits limits, std::unique_ptr<LuaState> state) noexcept;
    [[nodiscard]] std::expected<LuaState*, std::string> call(std::string_view rule,
                                                             const nlohmann::json& facts);

    RuleSources sources_;
    Limits limits_;
    std::unique_ptr<LuaState> state_;  ///< made anew for the next call after one went beyond a limit
};

}  // namespace mezz::policy
