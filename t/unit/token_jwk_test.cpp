#include "token/jwk.hpp"

#include <string>
#include <string_view>
#include <utility>

#include "test.hpp"
#include "token/base64url.hpp"

using mezz::token::Key;
using mezz::token::parse_jwk;

#define K32 "\"k\":\"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8\""

// The error's text, or "ok".
static const char* outcome(std::string_view json, std::string_view kid = {}) {
    const auto key = parse_jwk(json, kid);
    return key ? "ok" : key.error().text;
}

static bool named(std::string_view json, std::string_view kid, std::string_view want) {
    const auto key = parse_jwk(json, kid);
    return key && key->kid() == want;
}

static void takes_keys() {
    assert_string_equal(outcome(R"({"kty":"oct","kid":"a","alg":"HS256",)" K32 "}\n"), "ok");
    assert_string_equal(outcome(R"({"kty":"oct","kid":"a","use":"sig","key_ops":["sign","verify"],)" K32 "}"),
                        "ok");
    assert_true(named(R"({"kty":"oct","kid":"a",)" K32 "}", "", "a"));
    assert_true(named(R"({"kty":"oct","kid":"a",)" K32 "}", "a", "a"));
    assert_true(named(R"({"kty":"oct",)" K32 "}", "2026-11", "2026-11"));
    assert_true(named(R"({"kty":"oct","x5t":{"kty":[]},)" K32 "}", "b", "b"));
}

static void names_what_is_wrong() {
    assert_string_equal(outcome(R"({"kid":"a",)" K32 "}"), "jwk: kty must be \"oct\"");
    assert_string_equal(outcome(R"({"kty":"RSA","kid":"a",)" K32 "}"), "jwk: kty must be \"oct\"");
    assert_string_equal(outcome(R"({"kty":["oct"],"kid":"a",)" K32 "}"), "jwk: kty must be \"oct\"");
    assert_string_equal(outcome(R"({"kty":"oct","kid":"a","alg":"HS512",)" K32 "}"),
                        "jwk: alg must be \"HS256\"");
    assert_string_equal(outcome(R"({"kty":"oct","kid":"a","alg":1,)" K32 "}"), "jwk: alg must be \"HS256\"");
    assert_string_equal(outcome(R"({"kty":"oct","kid":"a","use":"enc",)" K32 "}"),
                        "jwk: use must be \"sig\"");
    assert_string_equal(outcome(R"({"kty":"oct","kid":"a","key_ops":["sign"],)" K32 "}"),
                        "jwk: key_ops must contain \"verify\"");
    assert_string_equal(outcome(R"({"kty":"oct",)" K32 "}"), "jwk: kid is missing");
    assert_string_equal(outcome(R"({"kty":"oct","kid":7,)" K32 "}", "a"), "jwk: kid must be a string");
    assert_string_equal(outcome(R"({"kty":"oct","kid":"a",)" K32 "}", "b"),
                        "jwk: kid differs from the configured one");
    assert_string_equal(outcome(R"({"kty":"oct","kid":"a\"b",)" K32 "}"),
                        "jwk: kid must be 1 to 255 printable ASCII characters without \" and \\");
}

static void checks_the_secret() {
    assert_string_equal(outcome(R"({"kty":"oct","kid":"a"})"), "jwk: k must be a string");
    assert_string_equal(outcome(R"({"kty":"oct","kid":"a","k":32})"), "jwk: k must be a string");
    assert_string_equal(outcome(R"({"kty":"oct","kid":"a","k":"AAEC="})"),
                        "jwk: k is not base64url without padding");
    assert_string_equal(
        outcome(R"({"kty":"oct","kid":"a","k":"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHg"})"),
        "jwk: k is shorter than 32 bytes");
    assert_string_equal(outcome(R"({"kty":"oct","kid":"a","k":""})"), "jwk: k is shorter than 32 bytes");
    assert_string_equal(outcome(R"({"kty":"oct","kid":"a","k":")" + std::string(1400, 'A') + "\"}"),
                        "jwk: k is longer than 1024 bytes");
}

static void refuses_other_json() {
    const char* want = "jwk: not one JSON object";
    assert_string_equal(outcome(""), want);
    assert_string_equal(outcome("[]"), want);
    assert_string_equal(outcome(R"({"kty":"oct","kty":"oct","kid":"a",)" K32 "}"), want);
    assert_string_equal(outcome(R"({"kty":"oct","kid":"a",)" K32 "} {}"), want);
    assert_string_equal(outcome(R"({"kty":"oct","kid":"a",)" K32), want);
    assert_string_equal(outcome(std::string(8193, ' ')), "jwk: larger than 8 KiB");
}

static std::string hex(std::string_view secret, std::string_view text) {
    std::string out;
    const auto key = Key::make("a", mezz::as_bytes(secret));
    if (!key) return key.error().text;
    const auto mac = key->hmac(text);
    if (!mac) return mac.error().text;
    for (const std::byte b : *mac) {
        out.push_back("0123456789abcdef"[std::to_integer<unsigned>(b) >> 4]);
        out.push_back("0123456789abcdef"[std::to_integer<unsigned>(b) & 15]);
    }
    return out;
}

// RFC 4231 section 4.7: a key longer than a block of the hash.
static void computes_hmac() {
    const bool same =
        hex(std::string(131, '\xAA'), "Test Using Larger Than Block-Size Key - Hash Key First") ==
        "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54";
    assert_true(same);
}

static bool moved_key_works() {
    auto key = Key::make("a", mezz::as_bytes("0123456789abcdef0123456789abcdef"));
    const auto before = key->hmac("text");
    Key other = std::move(*key);
    Key third = Key::make("b", mezz::as_bytes("fedcba9876543210fedcba9876543210")).value();
    third = std::move(other);
    return third.kid() == "a" && third.hmac("text").value() == before.value();
}

static void moves() {
    assert_true(moved_key_works());
}

static bool kid_taken(std::string_view kid) {
    return Key::make(kid, mezz::as_bytes("0123456789abcdef0123456789abcdef")).has_value();
}

static void bounds_kid() {
    assert_true(kid_taken(std::string(255, 'x')));
    assert_false(kid_taken(std::string(256, 'x')));
    assert_false(kid_taken(""));
    assert_false(kid_taken("a\nb"));
    assert_false(kid_taken("\xC3\xA4"));
    assert_true(kid_taken("urn:key 1"));
}

int main() {
    const CMUnitTest tests[] = {MEZZ_TEST(takes_keys),        MEZZ_TEST(names_what_is_wrong),
                                MEZZ_TEST(checks_the_secret), MEZZ_TEST(refuses_other_json),
                                MEZZ_TEST(computes_hmac),     MEZZ_TEST(moves),
                                MEZZ_TEST(bounds_kid)};
    return cmocka_run_group_tests_name("token_jwk", tests, nullptr, nullptr);
}
