#include "token/jwt.hpp"

#include <cstdint>
#include <string>
#include <string_view>

#include "test.hpp"
#include "token_support.hpp"

using mezz::token::base64url_encode;
using mezz::token::parse_claims;
using mezz::token::parse_jws;
using mezz::token::to_text;
using mezz::token::Verdict;
using mezz::token::verify_hs256;

// RFC 7515 appendix A.1.
static constexpr std::string_view kRfcJwk =
    R"({"kty":"oct","k":"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow"})";
static constexpr std::string_view kRfcToken =
    "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9"
    ".eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"
    ".dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

static bool rfc_token_holds() {
    const auto key = mezz::token::parse_jwk(kRfcJwk, "a");
    const auto jws = parse_jws(kRfcToken);
    if (!key || !jws || jws->kid || verify_hs256(*jws, *key) != Verdict::ok) return false;
    const auto claims = parse_claims(*jws);
    return claims && claims->exp == 1300819380 && !claims->nbf && claims->sub.empty() &&
           claims->paths.empty();
}

static void rfc_7515_a_1() {
    assert_true(rfc_token_holds());
}

static const char* header(std::string_view json) {
    const std::string token = base64url_encode(mezz::as_bytes(json)) + ".e30.AAAA";
    const auto jws = parse_jws(token);
    return to_text(jws ? Verdict::ok : jws.error()).data();
}

static const char* taken_apart(std::string_view token) {
    const auto jws = parse_jws(token);
    return to_text(jws ? Verdict::ok : jws.error()).data();
}

static void three_parts() {
    assert_string_equal(taken_apart("eyJhbGciOiJIUzI1NiJ9.e30.AA"), "ok");
    assert_string_equal(taken_apart("eyJhbGciOiJIUzI1NiJ9.e30."), "ok");
    assert_string_equal(taken_apart("eyJhbGciOiJIUzI1NiJ9.e30"), "malformed");
    assert_string_equal(taken_apart("eyJhbGciOiJIUzI1NiJ9"), "malformed");
    assert_string_equal(taken_apart("eyJhbGciOiJIUzI1NiJ9.e30.AA."), "malformed");
    assert_string_equal(taken_apart("eyJhbGciOiJIUzI1NiJ9.e30.AA.AA.AA"), "malformed");
    assert_string_equal(taken_apart(".."), "malformed");
    assert_string_equal(taken_apart("eyJhbGciOiJIUzI1NiJ9 .e30.AA"), "malformed");
    assert_string_equal(taken_apart("eyJhbGciOiJIUzI1NiJ9=.e30.AA"), "malformed");
}

static void size_limit() {
    const char* at = taken_apart("eyJhbGciOiJIUzI1NiJ9.e30." + std::string(8192 - 25, 'A'));
    const char* beyond = taken_apart("eyJhbGciOiJIUzI1NiJ9.e30." + std::string(8193 - 25, 'A'));
    assert_string_equal(at, "ok");
    assert_string_equal(beyond, "malformed");
}

static void algorithms() {
    assert_string_equal(header(R"({"alg":"HS256"})"), "ok");
    assert_string_equal(header(R"({"alg":"HS256","typ":17})"), "ok");
    assert_string_equal(header(R"({"alg":"none"})"), "algorithm");
    assert_string_equal(header(R"({"alg":"None"})"), "algorithm");
    assert_string_equal(header(R"({"alg":"hs256"})"), "algorithm");
    assert_string_equal(header(R"({"alg":"HS256\u0000"})"), "algorithm");
    assert_string_equal(header(R"({"alg":"HS512"})"), "algorithm");
    assert_string_equal(header(R"({"alg":"RS256"})"), "algorithm");
    assert_string_equal(header(R"({"alg":""})"), "algorithm");
    assert_string_equal(header(R"({"alg":null})"), "malformed");
    assert_string_equal(header(R"({"alg":["HS256"]})"), "malformed");
    assert_string_equal(header(R"({})"), "malformed");
}

static void header_parameters() {
    assert_string_equal(header(R"({"alg":"HS256","crit":["b64"],"b64":false})"), "malformed");
    assert_string_equal(header(R"({"alg":"HS256","crit":[]})"), "malformed");
    assert_string_equal(header(R"({"alg":"HS256","kid":1})"), "malformed");
    assert_string_equal(header(R"({"alg":"none","alg":"HS256"})"), "malformed");
    assert_string_equal(header(R"({"alg":"HS256","\u0061lg":"none"})"), "malformed");
    assert_string_equal(header(R"(["HS256"])"), "malformed");
    assert_string_equal(header(R"("HS256")"), "malformed");
}

static std::string repeated(std::string_view text, int n) {
    std::string out;
    for (int i = 0; i < n; ++i)
        out += text;
    return out;
}

static const char* payload(std::string_view json) {
    const std::string token = "eyJhbGciOiJIUzI1NiJ9." + base64url_encode(mezz::as_bytes(json)) + ".AAAA";
    const auto jws = parse_jws(token);
    if (!jws) return "header";
    const auto claims = parse_claims(*jws);
    return to_text(claims ? Verdict::ok : claims.error()).data();
}

static void hostile_nesting() {
    assert_string_equal(payload(R"({"x":)" + repeated("[", 15) + repeated("]", 15) + "}"), "ok");
    assert_string_equal(payload(R"({"x":)" + repeated("[", 16) + repeated("]", 16) + "}"), "malformed");
    assert_string_equal(payload(R"({"x":)" + repeated("[", 5000)), "malformed");
    assert_string_equal(payload(repeated(R"({"x":)", 1000)), "malformed");
    assert_string_equal(payload(R"({"x":)" + repeated(R"({"x":)", 14) + "1" + repeated("}", 15)), "ok");
    assert_string_equal(header(R"({"alg":)" + repeated("[", 5000)), "malformed");
}

static std::string members(int n) {
    std::string json = "{";
    for (int i = 0; i < n; ++i)
        json += (i > 0 ? ",\"" : "\"") + std::to_string(i) + "\":0";
    return json + "}";
}

static void hostile_members() {
    assert_string_equal(payload(members(128)), "ok");
    assert_string_equal(payload(members(129)), "malformed");
    assert_string_equal(payload(R"({"exp":1,"exp":1})"), "malformed");
    assert_string_equal(payload(R"({"x":{"a":1,"a":1}})"), "malformed");
    assert_string_equal(payload(R"({"x":[{"a":1},{"a":1}],"a":1})"), "ok");
    assert_string_equal(payload(R"({"x":{"exp":"no","path":7,"y":["z"]}})"), "ok");
}

static void hostile_text() {
    assert_string_equal(payload("{\"sub\":\"\xC3\x28\"}"), "malformed");
    assert_string_equal(payload("{\"sub\":\"\xED\xA0\x80\"}"), "malformed");
    assert_string_equal(payload("{\"sub\":\"\xC0\xAF\"}"), "malformed");
    assert_string_equal(payload(R"({"sub":"\ud800"})"), "malformed");
    assert_string_equal(payload("{\"sub\":\"\xC3\xA4\"}"), "ok");
    assert_string_equal(payload(std::string_view("{}\0{}", 5)), "malformed");
    assert_string_equal(payload("{} {}"), "malformed");
    assert_string_equal(payload(""), "malformed");
    assert_string_equal(payload("{"), "malformed");
    assert_string_equal(payload("null"), "malformed");
    assert_string_equal(payload(R"({"exp":NaN})"), "malformed");
}

static void numbers() {
    assert_string_equal(payload(R"({"exp":0})"), "ok");
    assert_string_equal(payload(R"({"exp":253402300799})"), "ok");
    assert_string_equal(payload(R"({"exp":253402300800})"), "malformed");
    assert_string_equal(payload(R"({"exp":-1})"), "malformed");
    assert_string_equal(payload(R"({"nbf":-0.5})"), "malformed");
    assert_string_equal(payload(R"({"exp":18446744073709551615})"), "malformed");
    assert_string_equal(payload(R"({"exp":1e308})"), "malformed");
    assert_string_equal(payload(R"({"exp":1e309})"), "malformed");
    assert_string_equal(payload(R"({"x":1e309})"), "malformed");
    assert_string_equal(payload(R"({"exp":)" + repeated("9", 4000) + "}"), "malformed");
    assert_string_equal(payload(R"({"exp":"1"})"), "malformed");
    assert_string_equal(payload(R"({"nbf":null})"), "malformed");
    assert_string_equal(payload(R"({"nbf":[1]})"), "malformed");
}

static void names() {
    assert_string_equal(payload(R"({"sub":"a b","sid":""})"), "ok");
    assert_string_equal(payload(R"({"sub":1})"), "malformed");
    assert_string_equal(payload(R"({"sid":["a"]})"), "malformed");
    assert_string_equal(payload(R"({"sub":"a\r\nX: y"})"), "malformed");
    assert_string_equal(payload(R"({"sid":"\u007f"})"), "malformed");
    assert_string_equal(payload(R"({"sid":"\u0000"})"), "malformed");
}

static void paths() {
    assert_string_equal(payload(R"({"path":"/"})"), "ok");
    assert_string_equal(payload(R"({"path":["/a","/b"]})"), "ok");
    assert_string_equal(payload(R"({"path":""})"), "malformed");
    assert_string_equal(payload(R"({"path":[]})"), "malformed");
    assert_string_equal(payload(R"({"path":["/a",""]})"), "malformed");
    assert_string_equal(payload(R"({"path":["/a",1]})"), "malformed");
    assert_string_equal(payload(R"({"path":["/a",["/b"]]})"), "malformed");
    assert_string_equal(payload(R"({"path":["/a",{"b":"/b"}]})"), "malformed");
    assert_string_equal(payload(R"({"path":[["/a"],"/b"]})"), "malformed");
    assert_string_equal(payload(R"({"path":null})"), "malformed");
    assert_string_equal(payload(R"({"path":{"a":"/a"}})"), "malformed");
}

static bool claims_are_read() {
    const auto key = mezz::test::key("k1", 'a');
    const std::string token = mezz::token::sign_hs256(
        key, R"({"nbf":10.5,"exp":20.9,"sub":"Ana","path":["/v/a","/v/b"],"sid":"s\/1","x":["/no"]})");
    const auto jws = parse_jws(token);
    if (!jws || jws->kid != "k1" || verify_hs256(*jws, key) != Verdict::ok) return false;
    const auto c = parse_claims(*jws);
    return c && c->nbf == 11 && c->exp == 20 && c->sub == "Ana" && c->sid == "s/1" &&
           c->paths == std::vector<std::string>{"/v/a", "/v/b"};
}

static void signs_and_reads() {
    assert_true(claims_are_read());
}

int main() {
    const CMUnitTest tests[] = {MEZZ_TEST(rfc_7515_a_1),
                                MEZZ_TEST(three_parts),
                                MEZZ_TEST(size_limit),
                                MEZZ_TEST(algorithms),
                                MEZZ_TEST(header_parameters),
                                MEZZ_TEST(hostile_nesting),
                                MEZZ_TEST(hostile_members),
                                MEZZ_TEST(hostile_text),
                                MEZZ_TEST(numbers),
                                MEZZ_TEST(names),
                                MEZZ_TEST(paths),
                                MEZZ_TEST(signs_and_reads)};
    return cmocka_run_group_tests_name("token_jwt", tests, nullptr, nullptr);
}
