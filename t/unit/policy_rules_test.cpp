// The rules of lua/mezz, as they are deployed.
#include <string>

#include "check.hpp"
#include "policy_support.hpp"

namespace test = mezz::test;
using mezz::test::json;
using mezz::test::Policy;

namespace {

Policy& rules() {
    static Policy it = Policy::make(test::deployed_rules()).value();
    return it;
}

std::string judged(const char* rule, const json& facts) {
    const auto verdict = rules().judge(rule, facts);
    if (!verdict) return "error: " + verdict.error();
    if (verdict->allow) return "yes";
    return "no: " + verdict->reason;
}

json with(json base, const json& change) {
    base.merge_patch(change);
    return base;
}

bool denied(const char* rule, const json& facts, std::string_view reason) {
    const std::string got = judged(rule, facts);
    const bool is = got.starts_with("no: ") && got.find(reason) != std::string::npos;
    if (!is) print_message("%s: %s\n", facts.dump().c_str(), got.c_str());
    return is;
}

bool allowed(const char* rule, const json& facts) {
    const std::string got = judged(rule, facts);
    if (got != "yes") print_message("%s: %s\n", facts.dump().c_str(), got.c_str());
    return got == "yes";
}

const json& an_upload() {
    static const json it = json::parse(R"({"claims":{"sub":"ana","scope":"view upload"},
        "request":{"filename":"a.mp4","size":1000,"content_type":"video/mp4"},"vars":{},"now":1800000000})");
    return it;
}

const json& a_view() {
    static const json it = json::parse(R"({"claims":{"sub":"ben","scope":"view"},
        "video":{"video_id":"v","uploader_id":"ana","title":"T","status":"ready","access":{}},
        "vars":{},"now":1800000000})");
    return it;
}

json view_with(const char* change) {
    return with(a_view(), json::parse(change));
}
json upload_with(const char* change) {
    return with(an_upload(), json::parse(change));
}

json managing(const char* action, const char* claims) {
    json facts = a_view();
    facts["action"] = action;
    facts["claims"] = json::parse(claims);
    return facts;
}

}  // namespace

static const char* uploads_need_a_scope() {
    MEZZ_CHECK(allowed("upload", an_upload()));
    for (const char* scope :
         {R"("upload")", R"(" view  upload ")", R"(["x","upload"])", R"("admin")", R"(["admin"])"})
        MEZZ_CHECK(
            allowed("upload", upload_with((R"({"claims":{"scope":)" + std::string(scope) + "}}").c_str())));
    for (const char* scope : {"null", R"("view")", R"("uploads")", R"("up load")", "[]", R"(["view upload"])",
                              "1", "true", R"({"upload":true})", R"([["upload"]])", R"("UPLOAD")"})
        MEZZ_CHECK(denied("upload",
                          upload_with((R"({"claims":{"scope":)" + std::string(scope) + "}}").c_str()),
                          "scope \"upload\""));
    return test::kFine;
}

static const char* uploads_have_a_size() {
    MEZZ_CHECK(allowed("upload", upload_with(R"({"request":{"size":68719476736}})")));
    MEZZ_CHECK(denied("upload", upload_with(R"({"request":{"size":68719476737}})"), "68719476736 bytes"));
    MEZZ_CHECK(allowed(
        "upload", upload_with(R"({"request":{"size":99999999999},"claims":{"max_upload_bytes":1e12}})")));
    MEZZ_CHECK(allowed("upload", upload_with(R"({"claims":{"max_upload_bytes":1000}})")));
    MEZZ_CHECK(denied("upload", upload_with(R"({"claims":{"max_upload_bytes":999}})"), "999 bytes"));
    MEZZ_CHECK(denied("upload", upload_with(R"({"claims":{"max_upload_bytes":0}})"), "0 bytes"));
    MEZZ_CHECK(denied("upload", upload_with(R"({"claims":{"max_upload_bytes":"5000"}})"), "not a number"));
    MEZZ_CHECK(denied("upload", upload_with(R"({"claims":{"max_upload_bytes":false}})"), "not a number"));
    MEZZ_CHECK(
        judged("upload", upload_with(R"({"request":{"size":null}})")).starts_with("error: upload.lua:"));
    return test::kFine;
}

static const char* uploads_have_a_type() {
    const auto typed = [](const std::string& type) {
        return with(an_upload(), {{"request", {{"content_type", type}}}});
    };
    for (const char* type :
         {"video/mp4", "Video/QuickTime", "audio/mpeg", "application/octet-stream", "application/mxf",
          "application/ogg", "video/mp4; codecs=\"avc1\"", "application/mxf;x"})
        MEZZ_CHECK(allowed("upload", typed(type)));
    for (const char* type : {"", "text/html", "video/", "video", "xvideo/mp4", "application/x", "image/png",
                             ";", "application/mxfx", "text/html; video/mp4"})
        MEZZ_CHECK(denied("upload", typed(type), "content type"));
    return test::kFine;
}

static const char* watching_needs_a_scope() {
    MEZZ_CHECK(allowed("watch", a_view()));
    MEZZ_CHECK(denied("watch", view_with(R"({"claims":{"scope":"upload"}})"), "scope \"view\""));
    MEZZ_CHECK(judged("watch", view_with(R"({"claims":null})")).starts_with("error: claims.lua:"));
    MEZZ_CHECK(denied("watch", view_with(R"({"claims":{"sub":"","scope":""},"video":{"uploader_id":""}})"),
                      "scope"));
    return test::kFine;
}

static const char* owners_and_admins_watch_always() {
    const char* closed =
        R"({"video":{"available_until":1,"access":{"subscription":"gold","countries":["DE"]}}})";
    MEZZ_CHECK(denied("watch", view_with(closed), "no longer"));
    MEZZ_CHECK(allowed("watch", with(view_with(closed), {{"claims", {{"scope", "admin"}}}})));
    MEZZ_CHECK(allowed("watch", with(view_with(closed), {{"claims", {{"sub", "ana"}}}})));
    MEZZ_CHECK(
        allowed("watch", with(view_with(closed), {{"claims", {{"sub", "ana"}, {"scope", "upload"}}}})));
    return test::kFine;
}

static const char* watching_has_a_window() {
    MEZZ_CHECK(denied("watch", view_with(R"({"video":{"available_from":1800000001}})"), "not available yet"));
    MEZZ_CHECK(allowed("watch", view_with(R"({"video":{"available_from":1800000000}})")));
    MEZZ_CHECK(denied("watch", view_with(R"({"video":{"available_until":1800000000}})"), "no longer"));
    const auto verdict = rules().judge("watch", view_with(R"({"video":{"available_until":1800000090}})"));
    MEZZ_CHECK(verdict && verdict->allow && verdict->ttl_s == 90);
    const auto open = rules().judge("watch", a_view());
    MEZZ_CHECK(open && open->allow && !open->ttl_s);
    return test::kFine;
}

static const char* far_windows_are_no_error() {
    MEZZ_CHECK(allowed("watch", view_with(R"({"video":{"available_until":9800000090}})")));
    return test::kFine;
}

static const char* watching_needs_the_subscription() {
    const auto pair = [](const char* needed, const char* held) {
        return view_with((R"({"video":{"access":{"subscription":)" + std::string(needed) +
                          R"(}},"claims":{"subscription":)" + held + "}}")
                             .c_str());
    };
    MEZZ_CHECK(allowed("watch", pair(R"("gold")", R"("gold")")) && allowed("watch", pair("null", "null")));
    MEZZ_CHECK(allowed("watch", pair(R"(["gold","silver"])", R"("silver")")));
    MEZZ_CHECK(allowed("watch", pair(R"("gold")", R"(["basic","gold"])")));
    MEZZ_CHECK(allowed("watch", pair(R"(["gold","silver"])", R"(["x","silver"])")));
    for (const char* held :
         {"null", R"("silver")", "[]", "1", "true", R"("gol")", R"("gold silver")", R"({"gold":1})"})
        MEZZ_CHECK(denied("watch", pair(R"("gold")", held), "subscription"));
    MEZZ_CHECK(denied("watch", pair("[]", R"("gold")"), "subscription"));
    for (const char* odd : {"1", "true", "false"})
        MEZZ_CHECK(denied("watch", pair(odd, R"("gold")"), "not understood"));
    MEZZ_CHECK(denied("watch", view_with(R"({"video":{"access":"gold"}})"), "not understood"));
    return test::kFine;
}

static const char* watching_has_countries() {
    const auto from = [](const char* access, const char* country) {
        return view_with(
            (R"({"video":{"access":)" + std::string(access) + R"(},"vars":{"country":)" + country + "}}")
                .c_str());
    };
    constexpr const char* only = R"({"countries":["DE","at"]})";
    constexpr const char* not_in = R"({"blocked_countries":["US","fr"]})";
    MEZZ_CHECK(allowed("watch", from(only, R"("DE")")) && allowed("watch", from(only, R"("AT")")) &&
               allowed("watch", from(only, R"("de")")) &&
               allowed("watch", from(R"({"countries":"DE"})", R"("DE")")));
    MEZZ_CHECK(denied("watch", from(only, R"("US")"), "your country"));
    MEZZ_CHECK(allowed("watch", from(not_in, R"("DE")")));
    MEZZ_CHECK(denied("watch", from(not_in, R"("US")"), "your country") &&
               denied("watch", from(not_in, R"("FR")"), "your country"));
    for (const char* unknown : {"null", R"("")", "1"})
        MEZZ_CHECK(denied("watch", from(only, unknown), "not known") &&
                   denied("watch", from(not_in, unknown), "not known"));
    MEZZ_CHECK(denied("watch", from(R"({"countries":["DE"],"blocked_countries":["DE"]})", R"("DE")"),
                      "your country"));
    MEZZ_CHECK(denied("watch", from(R"({"countries":[]})", R"("DE")"), "your country"));
    MEZZ_CHECK(allowed("watch", from(R"({"blocked_countries":[]})", "null")) &&
               allowed("watch", from("{}", "null")) && allowed("watch", from("null", "null")));
    MEZZ_CHECK(denied("watch", from(R"({"blocked_countries":5})", R"("DE")"), "not understood"));
    MEZZ_CHECK(denied("watch", from(R"({"countries":[5,{}]})", R"("DE")"), "your country"));
    return test::kFine;
}

static const char* managing_is_for_owners_and_admins() {
    for (const char* action : {"edit", "takedown"}) {
        MEZZ_CHECK(allowed("manage", managing(action, R"({"sub":"ana","scope":"upload"})")));
        MEZZ_CHECK(allowed("manage", managing(action, R"({"sub":"root","scope":"admin"})")));
        MEZZ_CHECK(denied("manage", managing(action, R"({"sub":"ana","scope":"view"})"), "owner"));
        MEZZ_CHECK(denied("manage", managing(action, R"({"sub":"ben","scope":"upload view"})"), "owner"));
        MEZZ_CHECK(denied("manage", managing(action, R"({"scope":"upload view"})"), "owner"));
    }
    MEZZ_CHECK(allowed("manage", managing("read", R"({"sub":"ben","scope":"view"})")));
    MEZZ_CHECK(allowed("manage", managing("read", R"({"sub":"ana","scope":"upload"})")));
    MEZZ_CHECK(allowed("manage", managing("read", R"({"sub":"root","scope":["admin"]})")));
    MEZZ_CHECK(denied("manage", managing("read", R"({"sub":"ben","scope":"upload"})"), "scope \"view\""));
    MEZZ_CHECK(denied("manage", managing("read", "{}"), "scope \"view\""));
    for (const char* hidden :
         {R"({"video":{"status":"processing"}})", R"({"video":{"status":"failed"}})",
          R"({"video":{"available_from":1800000001}})", R"({"video":{"available_until":1800000000}})"}) {
        const json facts = with(managing("read", R"({"sub":"ben","scope":"view"})"), json::parse(hidden));
        MEZZ_CHECK(denied("manage", facts, "not available"));
        const json own = with(managing("read", R"({"sub":"ana","scope":"view"})"), json::parse(hidden));
        MEZZ_CHECK(allowed("manage", own));
    }
    MEZZ_CHECK(denied("manage", managing("unheard of", R"({"sub":"ben","scope":"view"})"), "owner"));
    return test::kFine;
}

static const char* the_ladder_is_the_workers() {
    const auto ladder = rules().choose("ladder", an_upload());
    MEZZ_CHECK(ladder && ladder->is_null());
    return test::kFine;
}

static const char* a_replaced_rule_decides() {
    auto sources = test::deployed_rules();
    for (auto& source : sources)
        if (source.name == "watch.lua")
            source.text =
                "local claims_of = require 'claims'\n"
                "return function(facts) return claims_of.contains(facts.claims.teams, 'red'), 'not red' "
                "end\n";
    auto made = Policy::make(sources);
    MEZZ_CHECK(made && test::watch(*made, a_view()) == "no: not red");
    MEZZ_CHECK(test::watch(*made, view_with(R"({"claims":{"teams":["blue","red"]}})")) == "yes");
    for (auto& source : sources)
        if (source.name == "settings.lua")
            source.text = "return { max_upload_bytes = 10, upload_types = { 'text/plain' } }";
    made = Policy::make(sources);
    const auto small =
        made->judge("upload", upload_with(R"({"request":{"size":10,"content_type":"text/plain"}})"));
    const auto large = made->judge("upload", an_upload());
    MEZZ_CHECK(small && small->allow && large && !large->allow);
    return test::kFine;
}

int main() {
    const CMUnitTest tests[] = {
        MEZZ_CHECKED(uploads_need_a_scope),
        MEZZ_CHECKED(uploads_have_a_size),
        MEZZ_CHECKED(uploads_have_a_type),
        MEZZ_CHECKED(watching_needs_a_scope),
        MEZZ_CHECKED(owners_and_admins_watch_always),
        MEZZ_CHECKED(watching_has_a_window),
        MEZZ_CHECKED(far_windows_are_no_error),
        MEZZ_CHECKED(watching_needs_the_subscription),
        MEZZ_CHECKED(watching_has_countries),
        MEZZ_CHECKED(managing_is_for_owners_and_admins),
        MEZZ_CHECKED(the_ladder_is_the_workers),
        MEZZ_CHECKED(a_replaced_rule_decides),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
