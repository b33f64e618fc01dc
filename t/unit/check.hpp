// Tests that return what is wrong. cmocka's assertions longjmp over destructors; a return does not.
#pragma once

#include "test.hpp"

namespace mezz::test {

/// What a body returns where all is well.
inline constexpr const char* kFine = nullptr;

/// Runs a body that returns kFine or a static text saying what is wrong.
template <const char* (*Body)()>
void checked(void** /*state*/) {
    char what[256] = "";
    const char* wrong = kFine;
    try {
        wrong = Body();
    } catch (const std::exception& e) {
        std::size_t n = 0;
        for (const char* p = e.what(); *p != '\0' && n + 1 < sizeof what; ++p)
            what[n++] = *p;
        what[n] = '\0';
        wrong = what;
    }
    if (wrong == kFine) return;
    print_error("%s\n", wrong);
    _fail(__FILE__, __LINE__);
}

}  // namespace mezz::test

#define MEZZ_TEXT_OF(line) #line
#define MEZZ_LINE(line) MEZZ_TEXT_OF(line)

/// In a function that returns const char*: returns the condition's text if it does not hold.
#define MEZZ_CHECK(...)                                                           \
    do {                                                                          \
        if (!(__VA_ARGS__)) return "line " MEZZ_LINE(__LINE__) ": " #__VA_ARGS__; \
    } while (false)

/// Returns what another such function found wrong.
#define MEZZ_CHECK_ALL(call)                                            \
    do {                                                                \
        if (const char* wrong = (call); wrong != nullptr) return wrong; \
    } while (false)

/// Lists a `static const char* name()` as a cmocka test.
#define MEZZ_CHECKED(name) cmocka_unit_test(mezz::test::checked<name>)
