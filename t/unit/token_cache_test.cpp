#include "token/token_cache.hpp"

#include "check.hpp"
#include "token_support.hpp"

using mezz::token::Claims;
using mezz::token::TokenCache;
using mezz::token::Verdict;
using mezz::token::Verifier;

namespace {

std::string token_of(const std::string& subject, char key = 'a') {
    return mezz::token::sign_hs256(mezz::test::key("k", key),
                                   R"({"exp":100,"path":"/v","sub":")" + subject + "\"}");
}

Verifier verifier() {
    Verifier made;
    (void)made.add(mezz::test::key("k", 'a'));
    return made;
}

std::string subject(TokenCache& cache, const Verifier& from, std::string_view token) {
    const auto claims = cache.read(from, token);
    return claims ? (*claims)->sub : std::string(to_text(claims.error()));
}

}  // namespace

static const char* what_is_remembered_is_what_was_read() {
    const Verifier real = verifier();
    const Verifier without_keys;
    TokenCache cache(10);
    const std::string token = token_of("ann");
    MEZZ_CHECK(subject(cache, real, token) == "ann" && cache.size() == 1);
    // A verifier that knows no key shows that nothing is verified again.
    MEZZ_CHECK(subject(cache, without_keys, token) == "ann");
    MEZZ_CHECK(subject(cache, without_keys, token_of("bob")) == "unknown-key");
    const Claims& claims = **cache.read(real, token);
    MEZZ_CHECK(real.judge(claims, "/v/1", "", 99) == Verdict::ok);
    MEZZ_CHECK(real.judge(claims, "/v/1", "", 100) == Verdict::expired);
    MEZZ_CHECK(real.judge(claims, "/w/1", "", 99) == Verdict::path);
    return nullptr;
}

static const char* what_is_wrong_is_not_remembered() {
    const Verifier real = verifier();
    TokenCache cache(10);
    std::string token = token_of("ann", 'b');
    MEZZ_CHECK(subject(cache, real, token) == "signature" && cache.size() == 0);
    token = token_of("ann");
    MEZZ_CHECK(subject(cache, real, token) == "ann");
    token[token.size() / 2] = token[token.size() / 2] == 'x' ? 'y' : 'x';
    MEZZ_CHECK(subject(cache, real, token) != "ann" && cache.size() == 1);
    MEZZ_CHECK(subject(cache, real, "") == "missing" && subject(cache, real, "a.b") == "malformed");
    return nullptr;
}

static const char* the_least_recently_used_goes_first() {
    const Verifier real = verifier();
    const Verifier without_keys;
    TokenCache cache(3);
    for (const char* name : {"a", "b", "c", "a", "d"})
        (void)subject(cache, real, token_of(name));
    MEZZ_CHECK(cache.size() == 3);
    MEZZ_CHECK(subject(cache, without_keys, token_of("a")) == "a");
    MEZZ_CHECK(subject(cache, without_keys, token_of("b")) == "unknown-key");
    MEZZ_CHECK(subject(cache, without_keys, token_of("d")) == "d");
    return nullptr;
}

static const char* long_tokens_are_read_each_time() {
    const Verifier real = verifier();
    TokenCache cache(3);
    const std::string name(TokenCache::kLongest, 'x');
    MEZZ_CHECK(subject(cache, real, token_of(name)) == name && cache.size() == 0);
    MEZZ_CHECK(subject(cache, real, token_of(name)) == name);
    return nullptr;
}

int main() {
    const CMUnitTest tests[] = {
        MEZZ_CHECKED(what_is_remembered_is_what_was_read),
        MEZZ_CHECKED(what_is_wrong_is_not_remembered),
        MEZZ_CHECKED(the_least_recently_used_goes_first),
        MEZZ_CHECKED(long_tokens_are_read_each_time),
    };
    return cmocka_run_group_tests_name("token_cache", tests, nullptr, nullptr);
}
