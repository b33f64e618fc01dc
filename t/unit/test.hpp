// cmocka from C++: its assertions longjmp, so a test computes into plain values, leaves the scopes that own
// memory, and only then asserts.
#pragma once

#include <csetjmp>
#include <cstdarg>
#include <cstddef>
#include <cstdint>
#include <exception>
extern "C" {
#include <cmocka.h>
}
#undef fail  // our own functions have these names
#undef skip

namespace mezz::test {

/// Runs a test body and turns an escaping exception into a failure that names it.
template <void (*Body)()>
void guarded(void** /*state*/) {
    char what[256] = "";
    try {
        Body();
    } catch (const std::exception& e) {
        std::size_t n = 0;
        for (const char* p = e.what(); *p != '\0' && n + 1 < sizeof what; ++p)
            what[n++] = *p;
        what[n] = '\0';
    }
    if (what[0] == '\0') return;
    print_error("exception: %s\n", what);
    _fail(__FILE__, __LINE__);
}

}  // namespace mezz::test

/// Lists a `static void name()` as a cmocka test.
#define MEZZ_TEST(name) cmocka_unit_test(mezz::test::guarded<name>)
