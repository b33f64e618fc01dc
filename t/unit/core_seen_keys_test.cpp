#include "core/seen_keys.hpp"

#include <memory>

#include "check.hpp"

using mezz::SeenKeys;
using mezz::test::kFine;

static const char* second_time() {
    SeenKeys<16> seen;
    MEZZ_CHECK(!seen.see(0x1234));
    MEZZ_CHECK(seen.see(0x1234));
    MEZZ_CHECK(seen.see(0x1234));
    MEZZ_CHECK(!seen.see(0));
    MEZZ_CHECK(seen.see(0));
    return kFine;
}

// A pass over more keys than there are places leaves none of the earlier ones, and keeps the last: each
// pushes out the one that had its place.
static const char* forgets() {
    SeenKeys<16> seen;
    MEZZ_CHECK(!seen.see(2));
    for (std::uint64_t key = 4; key < 200; key += 2)
        MEZZ_CHECK(!seen.see(key));
    MEZZ_CHECK(!seen.see(2));
    for (std::uint64_t key = 176; key < 194; key += 2)
        MEZZ_CHECK(seen.see(key));
    return kFine;
}

int main() {
    const CMUnitTest tests[] = {
        MEZZ_CHECKED(second_time),
        MEZZ_CHECKED(forgets),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
