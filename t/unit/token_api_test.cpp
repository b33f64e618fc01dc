// Tokens of the API, and the playback tokens that it gives out.
#include "check.hpp"
#include "token/playback_token.hpp"
#include "token_support.hpp"

using mezz::test::key;
using mezz::test::kFine;
using mezz::token::ApiCheck;
using mezz::token::Check;
using mezz::token::sign_hs256;
using mezz::token::to_text;
using mezz::token::Verdict;
using mezz::token::Verifier;

namespace {

constexpr std::int64_t kNow = 1'800'000'000;
constexpr std::string_view kGood =
    R"({"exp":1800000001,"sub":"ana","scope":"upload  view ","tier":{"a":[1]}})";

Verifier verifier() {
    Verifier v;
    (void)v.add(key("k1", 'a'));
    return v;
}

ApiCheck checked(std::string_view claims, std::string_view client = "192.0.2.7") {
    return verifier().check_api_token(sign_hs256(key("k1", 'a'), claims), client, kNow);
}

bool gives(std::string_view verdict, std::string_view members, std::string_view client = "192.0.2.7") {
    const std::string claims = R"({"exp":1800000001,"sub":"ana",)" + std::string(members) + "}";
    return to_text(checked(claims, client).verdict) == verdict;
}

}  // namespace

static const char* gives_the_claims() {
    const ApiCheck check = checked(kGood);
    MEZZ_CHECK(check.verdict == Verdict::ok && check.claims.sub == "ana" && check.claims.exp == kNow + 1);
    MEZZ_CHECK(check.claims.scopes == std::vector<std::string>{"upload", "view"} &&
               check.claims.json == kGood);
    MEZZ_CHECK(check.claims.has_scope("view") && !check.claims.has_scope("admin") &&
               !check.claims.has_scope("") && !check.claims.has_scope("vie"));
    const ApiCheck list = checked(R"({"exp":1800000001,"sub":"ana","scope":["admin","x:y"]})");
    MEZZ_CHECK(list.verdict == Verdict::ok && list.claims.has_scope("admin") && list.claims.has_scope("x:y"));
    return kFine;
}

static const char* follows_the_signature() {
    const Verifier v = verifier();
    const ApiCheck forged = v.check_api_token(sign_hs256(key("k1", 'b'), kGood), "192.0.2.7", kNow);
    MEZZ_CHECK(forged.verdict == Verdict::signature && forged.claims.sub.empty() &&
               forged.claims.json.empty());
    MEZZ_CHECK(v.check_api_token("", "", kNow).verdict == Verdict::missing);
    MEZZ_CHECK(v.check_api_token("x", "", kNow).verdict == Verdict::malformed);
    const std::string good = sign_hs256(key("k1", 'a'), kGood);
    MEZZ_CHECK(v.check_api_token(good, "", kNow).verdict == Verdict::ok);
    MEZZ_CHECK(v.check_api_token(good, "", kNow + 1).verdict == Verdict::expired);
    MEZZ_CHECK(v.check(good, "/v", "", kNow).verdict == Verdict::scope);
    return kFine;
}

static const char* checks_each_claim() {
    MEZZ_CHECK(gives("ok", R"("scope":"view")") && gives("scope", R"("sid":"7")"));
    for (const char* scope : {R"("")", R"("  ")", "[]", "7", "null", R"([""])", R"(["a b"])", R"(["a",1])",
                              R"("a\tb")", R"("é")", R"({"a":"b"})", "true"})
        MEZZ_CHECK(gives("malformed", R"("scope":)" + std::string(scope)));
    for (const char* claims :
         {R"({"sub":"ana","scope":"view"})", R"({"exp":1800000001,"scope":"view"})",
          R"({"exp":1800000001,"sub":"","scope":"view"})", R"({"exp":1800000001,"sub":7,"scope":"view"})",
          R"({"exp":1800000001,"sub":"a\nb","scope":"view"})", R"({"exp":"x","sub":"ana","scope":"view"})",
          R"({"exp":1800000001,"sub":"ana","sub":"eve","scope":"view"})", "[]", ""})
        MEZZ_CHECK(to_text(checked(claims).verdict) == "malformed");
    MEZZ_CHECK(gives("not-yet-valid", R"("scope":"view","nbf":1800000001)"));
    for (const char* claim : {R"("path":"/v/abc")", R"("geo":["DE"])", R"("max_height":720)"})
        MEZZ_CHECK(gives("unsupported-claim", R"("scope":"view",)" + std::string(claim)));
    MEZZ_CHECK(gives("ok", R"("scope":"view","ip":"192.0.2.0/24")"));
    MEZZ_CHECK(gives("ip", R"("scope":"view","ip":"192.0.2.0/24")", "192.0.3.1"));
    MEZZ_CHECK(gives("ip", R"("scope":"view","ip":"192.0.2.0/24")", "unix:"));
    return kFine;
}

static const char* playback_tokens_open_their_path() {
    const std::string token = mezz::token::sign_playback(
        key("k1", 'a'), {.path = "/v/abc", .exp = kNow + 60, .sub = "an\"a\\ é", .sid = "s1"});
    const Verifier v = verifier();
    const Check check = v.check(token, "/v/abc/hls/master.m3u8", "192.0.2.7", kNow);
    MEZZ_CHECK(check.verdict == Verdict::ok && check.claims.sub == "an\"a\\ é" && check.claims.sid == "s1");
    MEZZ_CHECK(v.check(token, "/v/abcd", "", kNow).verdict == Verdict::path);
    MEZZ_CHECK(v.check(token, "/v/abc", "", kNow + 60).verdict == Verdict::expired);
    MEZZ_CHECK(v.check_api_token(token, "", kNow).verdict == Verdict::scope);
    const std::string plain =
        mezz::token::sign_playback(key("k1", 'a'), {.path = "/v/abc", .exp = kNow + 60});
    const Check bare = v.check(plain, "/v/abc", "", kNow);
    MEZZ_CHECK(bare.verdict == Verdict::ok && bare.claims.sub.empty() && bare.claims.sid.empty());
    MEZZ_CHECK(!bare.claims.max_height);
    const std::string small =
        mezz::token::sign_playback(key("k1", 'a'), {.path = "/v/abc", .exp = kNow + 60, .max_height = 720});
    MEZZ_CHECK(v.check(small, "/v/abc", "", kNow).claims.max_height == 720);
    return kFine;
}

int main() {
    const CMUnitTest tests[] = {MEZZ_CHECKED(gives_the_claims), MEZZ_CHECKED(follows_the_signature),
                                MEZZ_CHECKED(checks_each_claim),
                                MEZZ_CHECKED(playback_tokens_open_their_path)};
    return cmocka_run_group_tests_name("token_api", tests, nullptr, nullptr);
}
