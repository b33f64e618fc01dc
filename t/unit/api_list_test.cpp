// The list's arguments and cursors.
#include "api/list_query.hpp"
#include "check.hpp"
#include "token/base64url.hpp"

namespace api = mezz::api;
using mezz::test::kFine;

namespace {

const api::Cursor kCursor{.rank = "0.6079271",
                          .uploaded_us = 1'795'634'424'382'145,
                          .video_id = "8c4d0a4e-9d0f-4a55-8a5b-0d6f1c2e3a4b"};

// The argument at fault, or "ok".
std::string fault(const std::string& query) {
    const auto list = api::parse_list_query(query);
    if (list) return "ok";
    return list.error().status == 400 && list.error().slug == "invalid-argument" ? list.error().field : "?";
}

std::string forged(const std::string& json) {
    return mezz::token::base64url_encode(mezz::as_bytes(json));
}

// A cursor of an empty query with other values.
std::string cursor_of(const std::string& rank, const std::string& time, const std::string& id) {
    return api::write_cursor({.rank = rank, .uploaded_us = std::stoll(time), .video_id = id}, "", "");
}

}  // namespace

static const char* reads_arguments() {
    const auto empty = api::parse_list_query("");
    MEZZ_CHECK(empty && empty->q.empty() && empty->status.empty() && empty->limit == 20 && !empty->cursor);
    const auto full = api::parse_list_query("limit=100&q=%C3%A9+a%2Bb%20&status=ready");
    MEZZ_CHECK(full && full->q == "é a+b" && full->status == "ready" && full->limit == 100);
    MEZZ_CHECK(fault("q=&status=&limit=&cursor=") == "ok" && fault("&q=a&&") == "ok" && fault("q") == "ok");
    for (const char* status : {"uploading", "processing", "ready", "failed"})
        MEZZ_CHECK(fault("status=" + std::string(status)) == "ok");
    return kFine;
}

static const char* leaves_out_idle_minus_signs() {
    const auto q = [](const char* text) {
        const auto list = api::parse_list_query("q=" + std::string(text));
        return list ? list->q : "refused";
    };
    MEZZ_CHECK(q("a+-b") == "a -b" && q("a-b") == "a-b" && q("-%22a+b%22") == "-\"a b\"");
    MEZZ_CHECK(q("a+-+b") == "a  b" && q("--a") == "-a" && q("a+-") == "a" && q("-(a)-") == "(a)");
    MEZZ_CHECK(q("-+-%09-") == "" && q(std::string(300, '-').c_str()) == "" && q("-%C3%BC") == "-ü");
    return kFine;
}

static const char* refuses_arguments() {
    MEZZ_CHECK(fault("x=1") == "x" && fault("Q=a") == "Q" && fault("=a") == "" && fault("q=a&q=b") == "q");
    MEZZ_CHECK(fault("q=%FF") == "q" && fault("q=%00") == "q" && fault("q=a%") == "q" &&
               fault("q=%zz") == "q");
    MEZZ_CHECK(fault("q=" + std::string(300, 'x')) == "ok" && fault("q=" + std::string(301, 'x')) == "q");
    MEZZ_CHECK(fault("status=gone") == "status" && fault("status=Ready") == "status");
    for (const char* limit : {"0", "101", "-1", "+5", "5x", "1e1", "99999999999999999999", "%200"})
        MEZZ_CHECK(fault("limit=" + std::string(limit)) == "limit");
    return kFine;
}

static const char* cursors_belong_to_a_query() {
    const std::string text = api::write_cursor(kCursor, "boats", "ready");
    MEZZ_CHECK(text.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") ==
               std::string::npos);
    const auto list = api::parse_list_query("q=+boats&status=ready&limit=5&cursor=" + text);
    MEZZ_CHECK(list && list->cursor == kCursor);
    MEZZ_CHECK(fault("q=boat&status=ready&cursor=" + text) == "cursor");
    MEZZ_CHECK(fault("q=boats&status=failed&cursor=" + text) == "cursor");
    MEZZ_CHECK(fault("q=boats&cursor=" + text) == "cursor" && fault("cursor=" + text) == "cursor");
    MEZZ_CHECK(fault("cursor=" + api::write_cursor(kCursor, "ready", "")) == "cursor");
    return kFine;
}

static const char* cursors_are_not_trusted() {
    const std::string id = kCursor.video_id;
    MEZZ_CHECK(fault("cursor=" + cursor_of("0", "0", id)) == "ok");
    for (const char* rank : {"1e-45", "3.4e+38", "0.06079271", "-1"})
        MEZZ_CHECK(fault("cursor=" + cursor_of(rank, "0", id)) == "ok");
    for (const char* rank : {"", "nan", "inf", "1e39", "1e-300", "0x1", "1,5", " 1", "1;", "--1", "e", "."})
        MEZZ_CHECK(fault("cursor=" + cursor_of(rank, "0", id)) == "cursor");
    MEZZ_CHECK(fault("cursor=" + cursor_of("0", "9223372036854775807", id)) == "cursor");
    MEZZ_CHECK(fault("cursor=" + cursor_of("0", "-9223372036854775808", id)) == "cursor");
    MEZZ_CHECK(fault("cursor=" + cursor_of("0", "0", "x")) == "cursor");
    for (const std::string& text :
         {std::string("x"), std::string("AAAA"), forged("{}"), forged("[]"),
          forged(R"({"h":1,"r":2,"t":3,"v":4})"), forged(R"({"h":"","r":"0","t":"0","v":")" + id + "\"}"),
          std::string(300, 'A')})
        MEZZ_CHECK(fault("cursor=" + text) == "cursor");
    return kFine;
}

int main() {
    const CMUnitTest tests[] = {MEZZ_CHECKED(reads_arguments), MEZZ_CHECKED(leaves_out_idle_minus_signs),
                                MEZZ_CHECKED(refuses_arguments), MEZZ_CHECKED(cursors_belong_to_a_query),
                                MEZZ_CHECKED(cursors_are_not_trusted)};
    return cmocka_run_group_tests_name("api_list", tests, nullptr, nullptr);
}
