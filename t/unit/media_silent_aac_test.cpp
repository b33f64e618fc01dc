#include "media/silent_aac.hpp"

#include <array>
#include <string>

#include "check.hpp"

namespace test = mezz::test;
using mezz::media::SilentAac;

static const char* frames() {
    const auto hex = [](unsigned configuration) {
        std::string out;
        const SilentAac frame(configuration);
        for (const std::byte b : frame.bytes())
            for (const unsigned shift : {4U, 0U})
                out += "0123456789abcdef"[std::to_integer<unsigned>(b) >> shift & 15U];
        return out;
    };
    MEZZ_CHECK(hex(1) == "00000007" && hex(2) == "21000000001c");
    const std::array<std::size_t, 7> sizes = {4, 6, 10, 13, 15, 19, 24};
    for (unsigned n = 1; n <= sizes.size(); ++n)
        MEZZ_CHECK(SilentAac(n).bytes().size() == sizes[n - 1]);
    return test::kFine;
}

int main() {
    const CMUnitTest tests[] = {MEZZ_CHECKED(frames)};
    return cmocka_run_group_tests_name("silent AAC", tests, nullptr, nullptr);
}
