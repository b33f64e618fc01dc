#include "token/base64url.hpp"

#include <array>
#include <string>
#include <string_view>

#include "test.hpp"

using mezz::token::base64url_decode;
using mezz::token::base64url_encode;

static bool decodes_to(std::string_view text, std::string_view want) {
    std::array<std::byte, 64> out{};
    const auto bytes = base64url_decode(text, out);
    return bytes && mezz::as_text(*bytes) == want && base64url_encode(*bytes) == text;
}

static bool refused(std::string_view text, std::size_t room = 64) {
    std::array<std::byte, 64> out{};
    return !base64url_decode(text, std::span(out).first(room));
}

// RFC 4648 section 10 without padding, RFC 7515 appendix C.
static void known_texts() {
    assert_true(decodes_to("", ""));
    assert_true(decodes_to("Zg", "f"));
    assert_true(decodes_to("Zm8", "fo"));
    assert_true(decodes_to("Zm9v", "foo"));
    assert_true(decodes_to("Zm9vYg", "foob"));
    assert_true(decodes_to("Zm9vYmE", "fooba"));
    assert_true(decodes_to("Zm9vYmFy", "foobar"));
    assert_true(decodes_to("A-z_4ME", "\x03\xEC\xFF\xE0\xC1"));
}

static void foreign_characters() {
    assert_true(refused("Zg=="));
    assert_true(refused("Zm8="));
    assert_true(refused("Zm9 "));
    assert_true(refused("Zm9v\n"));
    assert_true(refused("Zm+v"));
    assert_true(refused("Zm/v"));
    assert_true(refused("Zm\xC3v"));
    assert_true(refused(std::string_view("Zm\0v", 4)));
}

static void impossible_lengths() {
    assert_true(refused("Z"));
    assert_true(refused("Zm9vY"));
}

static void trailing_bits() {
    assert_true(refused("Zh"));
    assert_true(refused("Zv"));
    assert_true(refused("Zm9"));
    assert_true(refused("Zm-"));
}

static void room() {
    assert_true(refused("Zm9v", 2));
    assert_false(refused("Zm9v", 3));
    assert_true(refused("Zm8", 1));
    assert_false(refused("Zm8", 2));
}

static void every_byte_comes_back() {
    int wrong = 0;
    std::string all;
    for (int i = 0; i < 256; ++i)
        all.push_back(static_cast<char>(i));
    for (std::size_t n = 0; n <= all.size(); ++n) {
        std::array<std::byte, 256> out{};
        const auto bytes =
            base64url_decode(base64url_encode(mezz::as_bytes(all.substr(all.size() - n))), out);
        if (!bytes || mezz::as_text(*bytes) != all.substr(all.size() - n)) ++wrong;
    }
    assert_int_equal(wrong, 0);
}

int main() {
    const CMUnitTest tests[] = {MEZZ_TEST(known_texts),
                                MEZZ_TEST(foreign_characters),
                                MEZZ_TEST(impossible_lengths),
                                MEZZ_TEST(trailing_bits),
                                MEZZ_TEST(room),
                                MEZZ_TEST(every_byte_comes_back)};
    return cmocka_run_group_tests_name("token_base64url", tests, nullptr, nullptr);
}
