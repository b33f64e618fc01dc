// The recipes of lua/README.md, as a reader would paste them.
#include <string>
#include <vector>

#include "check.hpp"
#include "policy_support.hpp"

namespace test = mezz::test;
using mezz::test::json;
using mezz::test::Policy;

namespace {

// The Lua blocks below the heading "Recipes".
std::vector<std::string> recipes() {
    std::ifstream file(std::filesystem::path(__FILE__).parent_path() / "../../lua/README.md");
    std::string text(std::istreambuf_iterator<char>(file), {});
    text.erase(0, text.find("\n## Recipes"));
    std::vector<std::string> blocks;
    constexpr std::string_view kBegin = "```lua\n";
    for (std::size_t at = text.find(kBegin); at != std::string::npos; at = text.find(kBegin, at)) {
        at += kBegin.size();
        blocks.push_back(text.substr(at, text.find("```", at) - at));
    }
    return blocks;
}

std::string pasted(const std::string& recipe, const json& facts) {
    Policy rules = test::with_watch("return function(facts)\n" + recipe + "\nreturn true end");
    return test::watch(rules, facts);
}

json facts_of(const char* text) {
    return json::parse(text);
}

}  // namespace

static const char* recipes_work() {
    const auto all = recipes();
    MEZZ_CHECK(all.size() == 7);
    constexpr const char* night = R"({"claims":{"group":"trial"},"now":1800000000})";  // 08:00 UTC
    MEZZ_CHECK(pasted(all[0], facts_of(night)) == "yes");
    json later = facts_of(night);
    later["now"] = 1800000000 + 10 * 3600;
    MEZZ_CHECK(pasted(all[0], later).starts_with("no: The trial"));
    MEZZ_CHECK(pasted(all[2], facts_of(R"({"vars":{"address":"10.20.255.1"}})")) == "yes");
    for (const char* address : {"10.21.0.1", "2001:db8::1", "", "11.20.0.1"})
        MEZZ_CHECK(pasted(all[2], {{"vars", {{"address", address}}}}).starts_with("no: Only within"));
    Policy premium = test::with_watch("return function(facts)\n" + all[3] + "\nreturn true end");
    const auto verdict = premium.judge("watch", facts_of(R"({"video":{"access":{"premium":true}}})"));
    MEZZ_CHECK(verdict && verdict->allow && verdict->ttl_s == 300);
    Policy small = test::with_watch("return function(facts)\n" + all[4] + "\nreturn true end");
    const auto granted = small.judge("watch", facts_of(R"({"claims":{}})"));
    MEZZ_CHECK(granted && granted->allow && granted->max_height == 576);
    const auto full = small.judge("watch", facts_of(R"({"claims":{"subscription":"premium"}})"));
    MEZZ_CHECK(full && full->allow && !full->max_height);
    return test::kFine;
}

static const char* recipes_of_whole_files_work() {
    const auto all = recipes();
    MEZZ_CHECK(all.size() == 7);
    auto sources = test::deployed_rules();
    for (auto& source : sources)
        if (source.name == "watch.lua") source.name = "watch_base.lua";
    sources.push_back({"watch.lua", all[1]});
    auto added = Policy::make(sources);
    MEZZ_CHECK(added.has_value());
    json facts = facts_of(R"({"claims":{"scope":"view"},"video":{"access":{}},"vars":{},"now":1})");
    MEZZ_CHECK(test::watch(*added, facts) == "yes");
    facts["claims"]["banned"] = true;
    MEZZ_CHECK(test::watch(*added, facts) == "no: This account is closed.");
    auto ladder = Policy::make({{"ladder.lua", all[5]}});
    MEZZ_CHECK(ladder.has_value());
    const auto screen = ladder->choose("ladder", facts_of(R"({"upload":{"filename":"Screen 1.mov"}})"));
    const auto other = ladder->choose("ladder", facts_of(R"({"upload":{"filename":"a.mov"}})"));
    MEZZ_CHECK(screen && screen->size() == 2 && (*screen)[0]["name"] == "1080p" && other && other->is_null());
    auto press = Policy::make({{"ladder.lua", all[6]}});
    MEZZ_CHECK(press.has_value());
    const auto hevc = press->choose("ladder", facts_of(R"({"claims":{"department":"press"}})"));
    MEZZ_CHECK(hevc && hevc->size() == 3 && (*hevc)[0]["codec"] == "hevc");
    return test::kFine;
}

int main() {
    const CMUnitTest tests[] = {MEZZ_CHECKED(recipes_work), MEZZ_CHECKED(recipes_of_whole_files_work)};
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
