#include "token/verifier.hpp"

#include <string>
#include <string_view>

#include "test.hpp"
#include "token_support.hpp"

using mezz::test::key;
using mezz::test::signed_with;
using mezz::token::path_opens;
using mezz::token::sign_hs256;
using mezz::token::to_text;
using mezz::token::Verdict;
using mezz::token::Verifier;

static constexpr std::int64_t kNow = 1'800'000'000;
static constexpr std::string_view kClient = "192.0.2.7";
static constexpr std::string_view kGood = R"({"exp":1800000001,"path":"/v/abc","sub":"ana","sid":"7"})";
static constexpr std::string_view kBadForm = R"({"exp":"soon"})";

static Verifier verifier(std::int64_t leeway_s = 0) {
    Verifier v(leeway_s);
    (void)v.add(key("k1", 'a'));
    (void)v.add(key("k2", 'b'));
    return v;
}

static const char* status(std::string_view token, std::string_view path = "/v/abc/x",
                          std::int64_t now = kNow) {
    return to_text(verifier().check(token, path, kClient, now).verdict).data();
}

static const char* at(std::string_view claims, std::int64_t now, std::int64_t leeway_s = 0) {
    return to_text(verifier(leeway_s).check(sign_hs256(key("k1", 'a'), claims), "/", kClient, now).verdict)
        .data();
}

static const char* opened(std::string_view path_claim, std::string_view path) {
    const std::string claims = R"({"exp":1800000001,"path":)" + std::string(path_claim) + "}";
    return status(sign_hs256(key("k1", 'a'), claims), path);
}

static void keys_by_kid() {
    assert_string_equal(status(sign_hs256(key("k1", 'a'), kGood)), "ok");
    assert_string_equal(status(sign_hs256(key("k2", 'b'), kGood)), "ok");
    assert_string_equal(status(sign_hs256(key("k2", 'a'), kGood)), "signature");
    assert_string_equal(status(sign_hs256(key("k3", 'a'), kGood)), "unknown-key");
    assert_string_equal(status(signed_with(key("k1", 'a'), R"({"alg":"HS256"})", kGood)), "unknown-key");
    assert_string_equal(status(signed_with(key("k1", 'a'), R"({"alg":"HS256","kid":"k1\u0000"})", kGood)),
                        "unknown-key");
}

static const char* single(std::string_view header, char fill, int keys = 1) {
    Verifier v;
    if (keys > 0) (void)v.add(key("k1", 'a'));
    return to_text(v.check(signed_with(key("any", fill), header, kGood), "/v/abc", kClient, kNow).verdict)
        .data();
}

static void token_without_kid() {
    assert_string_equal(single(R"({"alg":"HS256"})", 'a'), "ok");
    assert_string_equal(single(R"({"alg":"HS256"})", 'b'), "signature");
    assert_string_equal(single(R"({"alg":"HS256"})", 'a', 0), "unknown-key");
    assert_string_equal(single(R"({"alg":"HS256","kid":"k2"})", 'a'), "unknown-key");
    assert_string_equal(single(R"({"alg":"HS256","kid":""})", 'a'), "unknown-key");
}

static bool second_of_a_name_is_refused() {
    Verifier v;
    return v.empty() && v.add(key("k1", 'a')) && !v.add(key("k1", 'b')) && !v.empty() &&
           v.check(sign_hs256(key("k1", 'a'), kGood), "/v/abc", kClient, kNow).verdict ==
               mezz::token::Verdict::ok;
}

static void kids_are_unique() {
    assert_true(second_of_a_name_is_refused());
}

static void missing_and_malformed() {
    assert_string_equal(status(""), "missing");
    assert_string_equal(status("x"), "malformed");
    assert_string_equal(status(".."), "malformed");
    assert_string_equal(status(sign_hs256(key("k1", 'a'), R"({"path":"/"})")), "malformed");
    assert_string_equal(status(sign_hs256(key("k1", 'a'), kBadForm)), "malformed");
    assert_string_equal(status(sign_hs256(key("k1", 'a'), "")), "malformed");
    assert_string_equal(status(std::string(9000, 'A')), "malformed");
}

// Header, payload and signature of different tokens, put together.
static std::string spliced(std::string_view h, std::string_view p, std::string_view s) {
    const std::size_t p1 = p.find('.') + 1;
    return std::string(h.substr(0, h.find('.'))) + '.' + std::string(p.substr(p1, p.rfind('.') - p1)) +
           std::string(s.substr(s.rfind('.')));
}

static const char* forged(std::string_view header, std::string_view claims) {
    const std::string good = sign_hs256(key("k1", 'a'), kGood);
    const std::string own = signed_with(key("k1", 'x'), header, claims);
    return status(spliced(own, own, good));
}

static const char* swapped_header() {
    const std::string one = sign_hs256(key("k1", 'a'), kGood);
    const std::string two = sign_hs256(key("k2", 'b'), kGood);
    return status(spliced(two, one, one));
}

static void forgeries() {
    constexpr std::string_view header = R"({"alg":"HS256","typ":"JWT","kid":"k1"})";
    assert_string_equal(forged(header, kGood), "ok");
    assert_string_equal(forged(header, R"({"exp":1900000000})"), "signature");
    assert_string_equal(forged(header, kBadForm), "signature");
    assert_string_equal(forged(R"({"alg":"HS256","kid":"k1"})", kGood), "signature");
    assert_string_equal(forged(R"({"alg":"none","kid":"k1"})", kGood), "algorithm");
    assert_string_equal(forged(R"({"alg":"HS384","kid":"k1"})", kGood), "algorithm");
    assert_string_equal(swapped_header(), "signature");
}

static const char* unsigned_token(std::string_view header) {
    const std::string token = signed_with(key("k1", 'a'), header, kGood);
    return status(std::string_view(token).substr(0, token.rfind('.') + 1));
}

static void unsigned_tokens() {
    assert_string_equal(unsigned_token(R"({"alg":"none"})"), "algorithm");
    assert_string_equal(unsigned_token(R"({"alg":"HS256","kid":"k1"})"), "signature");
}

static int truncations_accepted() {
    const std::string good = sign_hs256(key("k1", 'a'), kGood);
    const Verifier v = verifier();
    int accepted = 0;
    for (std::size_t n = 0; n < good.size(); ++n) {
        const auto verdict = v.check(std::string_view(good).substr(0, n), "/v/abc", kClient, kNow).verdict;
        if (verdict == mezz::token::Verdict::ok) ++accepted;
    }
    return accepted;
}

// Replaces each character of a token by each of the alphabet: among these are all the spellings of the
// signature's two spare bits.
static int changes_accepted() {
    const std::string good = sign_hs256(key("k1", 'a'), kGood);
    const Verifier v = verifier();
    int accepted = 0;
    for (std::size_t i = 0; i < good.size(); ++i) {
        for (const char c :
             std::string_view("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.=")) {
            std::string token = good;
            token[i] = c;
            const auto verdict = v.check(token, "/v/abc", kClient, kNow).verdict;
            if (token != good && verdict == mezz::token::Verdict::ok) ++accepted;
        }
    }
    return accepted;
}

static const char* lengthened(std::string_view tail) {
    return status(sign_hs256(key("k1", 'a'), kGood) + std::string(tail));
}

static void damaged_signatures() {
    assert_int_equal(truncations_accepted(), 0);
    assert_int_equal(changes_accepted(), 0);
    assert_string_equal(lengthened("A"), "signature");
    assert_string_equal(lengthened("AA"), "malformed");
    assert_string_equal(lengthened("="), "malformed");
    assert_string_equal(lengthened("\n"), "malformed");
}

static void to_the_second() {
    assert_string_equal(at(R"({"exp":1000})", 999), "ok");
    assert_string_equal(at(R"({"exp":1000})", 1000), "expired");
    assert_string_equal(at(R"({"exp":1000.9})", 999), "ok");
    assert_string_equal(at(R"({"exp":1000.9})", 1000), "expired");
    assert_string_equal(at(R"({"exp":1e3})", 1000), "expired");
    assert_string_equal(at(R"({"exp":0})", 0), "expired");
    assert_string_equal(at(R"({"exp":2000,"nbf":1000})", 999), "not-yet-valid");
    assert_string_equal(at(R"({"exp":2000,"nbf":1000})", 1000), "ok");
    assert_string_equal(at(R"({"exp":2000,"nbf":999.5})", 999), "not-yet-valid");
    assert_string_equal(at(R"({"exp":1000,"nbf":2000})", 1500), "expired");
}

static void leeway() {
    assert_string_equal(at(R"({"exp":1000})", 1029, 30), "ok");
    assert_string_equal(at(R"({"exp":1000})", 1030, 30), "expired");
    assert_string_equal(at(R"({"exp":2000,"nbf":1000})", 970, 30), "ok");
    assert_string_equal(at(R"({"exp":2000,"nbf":1000})", 969, 30), "not-yet-valid");
    assert_string_equal(at(R"({"exp":1000})", 1000, -5), "expired");
    assert_string_equal(at(R"({"exp":1000})", 4600, INT64_MAX), "expired");
    assert_string_equal(at(R"({"exp":253402300799})", INT64_MAX, 30), "expired");
    assert_string_equal(at(R"({"exp":9,"nbf":0})", INT64_MIN, 30), "not-yet-valid");
}

static void path_boundaries() {
    assert_true(path_opens("/v/abc", "/v/abc"));
    assert_true(path_opens("/v/abc", "/v/abc/"));
    assert_true(path_opens("/v/abc", "/v/abc/x"));
    assert_false(path_opens("/v/abc", "/v/abcd"));
    assert_false(path_opens("/v/abc", "/v/ab"));
    assert_false(path_opens("/v/abc", "/v/ABC"));
    assert_false(path_opens("/v/abc", "/w/v/abc"));
    assert_true(path_opens("/v/abc/", "/v/abc/x"));
    assert_true(path_opens("/v/abc/", "/v/abc"));
    assert_false(path_opens("/v/abc/", "/v/abcd"));
    assert_false(path_opens("/v/abc//", "/v/abc/x"));
    assert_true(path_opens("/", "/"));
    assert_true(path_opens("/", "/v"));
    assert_false(path_opens("/", ""));
    assert_false(path_opens("", "/v"));
    assert_false(path_opens("v", "/v"));
    assert_false(path_opens("/v/../v/abc", "/v/abc"));
}

static void path_claims() {
    assert_string_equal(opened(R"("/v/abc")", "/v/abc/hls/master.m3u8"), "ok");
    assert_string_equal(opened(R"("/v/abc")", "/v/abcd/hls/master.m3u8"), "path");
    assert_string_equal(opened(R"(["/v/x","/v/abc"])", "/v/abc"), "ok");
    assert_string_equal(opened(R"(["/v/x","/v/y/"])", "/v/abc"), "path");
    assert_string_equal(opened(R"("/v/abc\u0000")", "/v/abc"), "path");
    assert_string_equal(opened(R"("")", "/v/abc"), "malformed");
    assert_string_equal(opened("7", "/v/abc"), "malformed");
    assert_string_equal(at(R"({"exp":9})", 8), "ok");
}

// A token with an `ip` claim, used from an address.
static const char* from(std::string_view ip_claim, std::string_view client) {
    const std::string claims = R"({"exp":1800000001,"ip":)" + std::string(ip_claim) + "}";
    return to_text(verifier().check(sign_hs256(key("k1", 'a'), claims), "/", client, kNow).verdict).data();
}

static void addresses() {
    assert_string_equal(from(R"("192.0.2.0/24")", "192.0.2.255"), "ok");
    assert_string_equal(from(R"("192.0.2.0/24")", "192.0.3.0"), "ip");
    assert_string_equal(from(R"("192.0.2.0/24")", "::ffff:192.0.2.1"), "ok");
    assert_string_equal(from(R"(["10.0.0.0/8","2001:db8::/32"])", "2001:db8:1::5"), "ok");
    assert_string_equal(from(R"(["10.0.0.0/8","2001:db8::/32"])", "2001:db9::"), "ip");
    assert_string_equal(from(R"("::/0")", "192.0.2.1"), "ip");
    assert_string_equal(from(R"("0.0.0.0/0")", "unix:"), "ip");
    assert_string_equal(from(R"("0.0.0.0/0")", ""), "ip");
    for (const char* claim : {"[]", "7", "null", R"("")", R"("10.0.0.0/33")", R"("example.org")", R"([""])",
                              R"(["10.0.0.1",7])", R"("10.0.0.1\u0000")", R"({"a":"10.0.0.1"})"})
        assert_string_equal(from(claim, "10.0.0.1"), "malformed");
}

// A token with a `geo` claim, used from a country.
static const char* in(std::string_view geo_claim, std::string_view country) {
    const std::string claims = R"({"exp":1800000001,"geo":)" + std::string(geo_claim) + "}";
    return to_text(verifier().check(sign_hs256(key("k1", 'a'), claims), "/", kClient, kNow, country).verdict)
        .data();
}

static void countries() {
    assert_string_equal(in(R"("DE")", "DE"), "ok");
    assert_string_equal(in(R"("de")", "De"), "ok");
    assert_string_equal(in(R"(["AT","DE"])", "DE"), "ok");
    for (const char* country : {"FR", "", "D", "DEU", "-", "unknown"})
        assert_string_equal(in(R"(["AT","DE"])", country), "geo");
    for (const char* claim : {"[]", "null", "7", R"("")", R"("DEU")", R"("D")", R"(["DE",""])", R"("ÄÖ")",
                              R"("D1")", R"(["DE",7])", R"({"a":"DE"})"})
        assert_string_equal(in(claim, "DE"), "malformed");
    assert_string_equal(at(R"({"exp":9})", 8), "ok");
}

// The limit that a token with a `max_height` claim sets; 0: none, -1: refused as malformed.
static std::int64_t lines(std::string_view claim) {
    const std::string claims = R"({"exp":1800000001)" + std::string(claim) + "}";
    const auto check = verifier().check(sign_hs256(key("k1", 'a'), claims), "/", kClient, kNow);
    if (check.verdict != Verdict::ok) return check.verdict == Verdict::malformed ? -1 : -2;
    return check.claims.max_height.value_or(0);
}

static void heights() {
    assert_int_equal(lines(""), 0);
    assert_int_equal(lines(R"(,"max_height":720)"), 720);
    assert_int_equal(lines(R"(,"max_height":1e3)"), 1000);
    assert_int_equal(lines(R"(,"max_height":65535)"), 65535);
    for (const char* value : {"0", "-1", "1.5", "65536", "1e300", "null", R"("720")", "[720]", "true"})
        assert_int_equal(lines(R"(,"max_height":)" + std::string(value)), -1);
}

static void other_kinds_of_tokens() {
    assert_string_equal(at(R"({"exp":9,"scope":"view"})", 8), "scope");
    assert_string_equal(at(R"({"exp":9,"scope":[]})", 8), "scope");
    assert_string_equal(at(R"({"exp":9,"scope":null})", 8), "scope");
    assert_string_equal(at(R"({"exp":9,"geo":["DE"]})", 8), "unsupported-claim");
    assert_string_equal(at(R"({"exp":9,"later":1})", 8), "ok");
}

// The subject that a check reports: "" if it found none.
static std::string subject(std::string_view token, std::string_view path, std::int64_t now) {
    return verifier().check(token, path, kClient, now).claims.sub;
}

static bool claims_follow_the_signature() {
    const std::string good = sign_hs256(key("k1", 'a'), kGood);
    return subject(good, "/v/abc", kNow) == "ana" && subject(good, "/v/abc", kNow + 1) == "ana" &&
           subject(good, "/v/b", kNow) == "ana" && subject(good + "A", "/v/abc", kNow).empty() &&
           subject(sign_hs256(key("k1", 'b'), kGood), "/v/abc", kNow).empty();
}

static void claims_of_a_check() {
    assert_true(claims_follow_the_signature());
}

int main() {
    const CMUnitTest tests[] = {MEZZ_TEST(keys_by_kid),
                                MEZZ_TEST(token_without_kid),
                                MEZZ_TEST(kids_are_unique),
                                MEZZ_TEST(missing_and_malformed),
                                MEZZ_TEST(forgeries),
                                MEZZ_TEST(unsigned_tokens),
                                MEZZ_TEST(damaged_signatures),
                                MEZZ_TEST(to_the_second),
                                MEZZ_TEST(leeway),
                                MEZZ_TEST(path_boundaries),
                                MEZZ_TEST(path_claims),
                                MEZZ_TEST(claims_of_a_check),
                                MEZZ_TEST(addresses),
                                MEZZ_TEST(countries),
                                MEZZ_TEST(heights),
                                MEZZ_TEST(other_kinds_of_tokens)};
    return cmocka_run_group_tests_name("token_verifier", tests, nullptr, nullptr);
}
