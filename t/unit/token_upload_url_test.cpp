#include "token/upload_url.hpp"

#include <algorithm>

#include "check.hpp"
#include "token/jwt.hpp"
#include "token_support.hpp"

using mezz::test::key;
using mezz::test::kFine;
using mezz::token::Key;
using mezz::token::sign_upload;
using mezz::token::to_text;
using mezz::token::UploadGrant;
using mezz::token::Verdict;
using mezz::token::verify_upload;

namespace {

constexpr std::int64_t kNow = 1'800'000'000;
const char* const kId = "8c4d0a4e-9d0f-4a55-8a5b-0d6f1c2e3a4b";

UploadGrant grant() {
    return {.upload_id = kId,
            .filename = "a b&c=%é\"+.mp4",
            .size = 123,
            .content_type = "video/mp4;x=y",
            .expires = kNow + 1};
}

std::string query() {
    return sign_upload(key("k1", 'a'), grant());
}

std::string_view verdict(std::string_view text, std::int64_t now = kNow, std::string_view id = kId,
                         char fill = 'a') {
    const Key keys[] = {key("k0", 'z'), key("k1", fill)};
    const auto found = verify_upload(keys, id, text, now);
    return found ? (*found == grant() ? "ok" : "other") : to_text(found.error());
}

std::string replaced(std::string text, std::string_view from, std::string_view to) {
    return text.replace(text.find(from), from.size(), to);
}

// The arguments of a query, in another order.
std::string reversed(std::string_view text) {
    std::string out;
    for (std::size_t end = text.size(); end != std::string_view::npos;) {
        const std::size_t amp = end == 0 ? std::string_view::npos : text.rfind('&', end - 1);
        const std::size_t begin = amp == std::string_view::npos ? 0 : amp + 1;
        out += (out.empty() ? "" : "&") + std::string(text.substr(begin, end - begin));
        end = amp;
    }
    return out;
}

}  // namespace

static const char* signs_and_verifies() {
    MEZZ_CHECK(
        query().starts_with("filename=a%20b%26c%3D%25%C3%A9%22%2B.mp4&size=123&"
                            "content_type=video%2Fmp4%3Bx%3Dy&expires=1800000001&signature="));
    MEZZ_CHECK(verdict(query()) == "ok" && verdict(reversed(query())) == "ok" &&
               reversed(query()) != query());
    MEZZ_CHECK(verdict(replaced(query(), "%C3%A9", "%c3%a9")) == "ok");
    MEZZ_CHECK(verdict(query(), kNow + 1) == "expired" && verdict(query(), kNow, kId, 'b') == "signature");
    MEZZ_CHECK(verdict(query(), kNow, "8c4d0a4e-9d0f-4a55-8a5b-0d6f1c2e3a4c") == "signature");
    return kFine;
}

static const char* any_change_is_refused() {
    MEZZ_CHECK(verdict(replaced(query(), "a%20b", "a%20c")) == "signature");
    MEZZ_CHECK(verdict(replaced(query(), "size=123", "size=124")) == "signature");
    MEZZ_CHECK(verdict(replaced(query(), "video", "audio")) == "signature");
    MEZZ_CHECK(verdict(replaced(query(), "1800000001", "1800000002")) == "signature");
    MEZZ_CHECK(verdict(replaced(query(), ".mp4&size=123", ".mp&size=4123")) == "signature");
    const std::string good = query();
    for (std::size_t i = 0; i < good.size(); ++i) {
        for (const char c : std::string_view("A0-_%&=+ \n")) {
            std::string text = good;
            text[i] = c;
            MEZZ_CHECK(text == good || verdict(text) != "ok");
        }
        MEZZ_CHECK(verdict(good.substr(0, i)) != "ok");
    }
    return kFine;
}

// What lies at the end of one field and the start of the next cannot be moved between them.
static const char* fields_do_not_run_together() {
    const Key k = key("k1", 'a');
    const auto signature = [&](const char* name, const char* type) {
        const std::string text = sign_upload(
            k, {.upload_id = kId, .filename = name, .size = 1, .content_type = type, .expires = 2});
        return text.substr(text.rfind('='));
    };
    MEZZ_CHECK(signature("a\n3:b", "c") != signature("a", "3:b\nc"));
    MEZZ_CHECK(signature("ab", "c") != signature("a", "bc"));
    return kFine;
}

static const char* strict_about_the_query() {
    const std::string good = query();
    MEZZ_CHECK(verdict("") == "missing");
    for (const std::string& text : {good + "&size=123",
                                    good + "&x=1",
                                    good + "&",
                                    "&" + good,
                                    good + "&signature",
                                    replaced(good, "size=", "Size="),
                                    replaced(good, "size=", "%73ize="),
                                    replaced(good, "a%20b", "a+b"),
                                    replaced(good, "a%20b", "a b"),
                                    replaced(good, "%20b", "%2"),
                                    replaced(good, "%20", "%zz"),
                                    replaced(good, "size=123", "size=0123"),
                                    replaced(good, "size=123", "size=+123"),
                                    replaced(good, "size=123", "size=-1"),
                                    replaced(good, "size=123", "size="),
                                    replaced(good, "size=123", "size=18446744073709551616"),
                                    replaced(good, "1800000001", "9223372036854775808"),
                                    replaced(good, "1800000001", "-1"),
                                    replaced(good, "&size=123", ""),
                                    std::string(5000, 'a')})
        MEZZ_CHECK(verdict(text) == "malformed");
    MEZZ_CHECK(verdict(good.substr(0, good.rfind('=') + 1)) == "signature");
    MEZZ_CHECK(verdict(good + "A") == "signature" && verdict(good + "%3D") == "signature");
    return kFine;
}

// No JWT, and nothing that is signed as one, is the signature of an upload.
static const char* signatures_of_tokens_do_not_count() {
    const std::string token = mezz::token::sign_hs256(key("k1", 'a'), R"({"exp":1800000001})");
    const std::string good = query();
    MEZZ_CHECK(verdict(good.substr(0, good.rfind('=') + 1) + token.substr(token.rfind('.') + 1)) ==
               "signature");
    return kFine;
}

int main() {
    const CMUnitTest tests[] = {MEZZ_CHECKED(signs_and_verifies), MEZZ_CHECKED(any_change_is_refused),
                                MEZZ_CHECKED(fields_do_not_run_together),
                                MEZZ_CHECKED(strict_about_the_query),
                                MEZZ_CHECKED(signatures_of_tokens_do_not_count)};
    return cmocka_run_group_tests_name("token_upload_url", tests, nullptr, nullptr);
}
