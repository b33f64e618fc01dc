// scripts/token against the verifier: what the script prints, the module takes.
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

#include "token/verifier.hpp"

#include "test.hpp"

namespace fs = std::filesystem;
using mezz::token::Verifier;

static constexpr std::string_view kOld = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";
static constexpr std::string_view kNew = "Hx4dHBsaGRgXFhUUExIREA8ODQwLCgkIBwYFBAMCAQA";

static std::string jwk(std::string_view kid, std::string_view k) {
    return R"({"kty":"oct","alg":"HS256","kid":")" + std::string(kid) + R"(","k":")" + std::string(k) +
           "\"}\n";
}

// A state folder with two keys, of which "2026-11" is the newer; removed at the end.
class State {
public:
    State() {
        char name[] = "/tmp/mezz_token_XXXXXX";
        if (mkdtemp(name) == nullptr) std::abort();
        folder_ = name;
        fs::create_directory(folder_ / "keys");
        write("z-old", jwk("z-old", kOld));
        write("2026-11", jwk("2026-11", kNew));
        fs::last_write_time(file("z-old"), fs::last_write_time(file("2026-11")) - std::chrono::seconds(60));
    }
    State(const State&) = delete;
    State& operator=(const State&) = delete;
    ~State() { fs::remove_all(folder_); }

    void write(std::string_view kid, std::string_view text) const { std::ofstream(file(kid)) << text; }

    // What the script prints, without the line's end; nothing if it fails.
    std::string run(const std::string& arguments) const {
        const fs::path script = fs::path(__FILE__).parent_path() / "../../scripts/token";
        const std::string command =
            "'" + script.string() + "' --state '" + folder_.string() + "' " + arguments + " 2>/dev/null";
        FILE* pipe = popen(command.c_str(), "r");
        if (pipe == nullptr) return {};
        std::string out(8192, '\0');
        out.resize(fread(out.data(), 1, out.size(), pipe));
        if (pclose(pipe) != 0 || !out.ends_with('\n')) return {};
        out.pop_back();
        return out;
    }

private:
    fs::path file(std::string_view kid) const { return folder_ / "keys" / (std::string(kid) + ".jwk"); }

    fs::path folder_;
};

static Verifier verifier() {
    Verifier v;
    (void)v.add(mezz::token::parse_jwk(jwk("2026-11", kNew)).value());
    return v;
}

static const char* status(const std::string& arguments, std::string_view path, std::int64_t after_s = 0) {
    const State state;
    return to_text(verifier().check(state.run(arguments), path, "", std::time(nullptr) + after_s).verdict)
        .data();
}

static void signs_with_the_newest_key() {
    assert_string_equal(status("", "/v/abc"), "ok");
    assert_string_equal(status("", "/v/abc", 4 * 3600 - 60), "ok");
    assert_string_equal(status("", "/v/abc", 4 * 3600 + 1), "expired");
}

static void takes_options() {
    assert_string_equal(status("--ttl 2m", "/", 60), "ok");
    assert_string_equal(status("--ttl 2m", "/", 121), "expired");
    assert_string_equal(status("--ttl 2d", "/", 86400), "ok");
    assert_string_equal(status("--path /v/abc", "/v/abc/x"), "ok");
    assert_string_equal(status("--path /v/abc", "/v/abcd"), "path");
    assert_string_equal(status("--path /v/a --path /v/b", "/v/b"), "ok");
    assert_string_equal(status("--path /v/a --path /v/b", "/v/c"), "path");
}

static bool names_come_through() {
    const State state;
    const auto check = verifier().check(state.run(R"(--sub 'A "q" \\ é' --sid 's-1","exp":"9')"), "/", "", 0);
    return check.claims.sub == R"(A "q" \\ é)" && check.claims.sid == R"(s-1","exp":"9)";
}

static void escapes_names() {
    assert_true(names_come_through());
}

static void refuses() {
    assert_string_equal(status("--ttl 0", "/"), "missing");
    assert_string_equal(status("--ttl 4x", "/"), "missing");
    assert_string_equal(status("--ttl=-5s", "/"), "missing");
    assert_string_equal(status("--ttl 9999999999d", "/"), "missing");
    assert_string_equal(status("--path v/abc", "/"), "missing");
    assert_string_equal(status("--path ''", "/"), "missing");
    assert_string_equal(status("--sub ''", "/"), "missing");
    assert_string_equal(status("--state /nowhere", "/"), "missing");
}

static bool bad_key_is_refused(std::string_view text) {
    const State state;
    state.write("2026-11", text);
    return state.run("").empty();
}

static void refuses_bad_keys() {
    assert_true(bad_key_is_refused("{"));
    assert_true(bad_key_is_refused("[]"));
    assert_true(bad_key_is_refused(jwk("other", kNew)));
    assert_true(bad_key_is_refused(jwk("2026-11", kNew.substr(0, 42))));
    assert_true(bad_key_is_refused(jwk("2026-11", std::string(kNew) + "==")));
    assert_true(bad_key_is_refused(R"({"kty":"RSA"})"));
}

int main() {
    const CMUnitTest tests[] = {MEZZ_TEST(signs_with_the_newest_key), MEZZ_TEST(takes_options),
                                MEZZ_TEST(escapes_names), MEZZ_TEST(refuses), MEZZ_TEST(refuses_bad_keys)};
    return cmocka_run_group_tests_name("token_script", tests, nullptr, nullptr);
}
