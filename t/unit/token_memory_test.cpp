// A check that runs out of memory ends with the verdict "internal", whichever allocation fails.
#include <cstdlib>
#include <new>
#include <string>

#include "token_support.hpp"

#include "test.hpp"

static bool armed = false;
static int allowed = 0;  // allocations that still succeed while armed

void* operator new(std::size_t size) {
    if (armed && allowed-- <= 0) throw std::bad_alloc();
    void* memory = std::malloc(size);
    if (memory == nullptr) throw std::bad_alloc();
    return memory;
}
void operator delete(void* memory) noexcept {
    std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
    std::free(memory);
}

namespace {

struct Tally {
    int internal = 0;  // checks that ran out of memory before one went through
    int other = 0;
    bool ok = false;
};

Tally starve() {
    using mezz::token::Verdict;
    const auto key = mezz::test::key("a key whose name is longer than a small string", 'a');
    mezz::token::Verifier verifier;
    (void)verifier.add(mezz::test::key("a key whose name is longer than a small string", 'a'));
    const std::string token = mezz::token::sign_hs256(
        key,
        R"({"exp":9,"sub":"a subject longer than a small string","path":["/v/another-quite-long-path","/v"]})");
    Tally tally;
    for (int n = 0; n < 1000 && !tally.ok; ++n) {
        allowed = n;
        armed = true;
        const auto check = verifier.check(token, "/v", "", 1);
        armed = false;
        tally.ok = check.verdict == Verdict::ok;
        if (check.verdict == Verdict::internal)
            ++tally.internal;
        else if (!tally.ok)
            ++tally.other;
    }
    return tally;
}

}  // namespace

static void every_allocation_may_fail() {
    const Tally tally = starve();
    assert_true(tally.ok);
    assert_true(tally.internal > 5);
    assert_int_equal(tally.other, 0);
}

int main() {
    const CMUnitTest tests[] = {MEZZ_TEST(every_allocation_may_fail)};
    return cmocka_run_group_tests_name("token_memory", tests, nullptr, nullptr);
}
