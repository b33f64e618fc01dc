// Fuzzes src/token/. The first byte of the input chooses what the rest is given to; each target checks a rule
// that must hold for every input, and traps if it does not.
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "token/base64url.hpp"
#include "token/upload_url.hpp"
#include "token/verifier.hpp"

namespace {

using namespace mezz::token;

constexpr std::int64_t kNow = 1'800'000'000;
constexpr std::string_view kClient = "192.0.2.7";
constexpr std::string_view kPath = "/v/abc/cmaf/master.m3u8";

void require(bool holds) {
    if (!holds) std::abort();
}

struct World {
    Key key = Key::make("k1", mezz::as_bytes("0123456789abcdef0123456789abcdef")).value();
    Verifier verifier;
    std::string valid = sign_hs256(key, R"({"exp":1800003600,"path":"/v/abc","sub":"ana"})");

    World() {
        require(verifier.add(Key::make("k1", mezz::as_bytes("0123456789abcdef0123456789abcdef")).value())
                    .has_value());
        require(verifier.add(Key::make("k2", mezz::as_bytes("fedcba9876543210fedcba9876543210")).value())
                    .has_value());
        require(verifier.check(valid, kPath, kClient, kNow).verdict == Verdict::ok);
    }
};

const World& world() {
    static const World it;
    return it;
}

// No text but the valid token opens anything.
void any_text(std::string_view text) {
    const Check check = world().verifier.check(text, kPath, kClient, kNow);
    require((check.verdict == Verdict::ok) == (text == world().valid));
    require(check.verdict != Verdict::internal);
}

// The input as edits of the valid token: a place (two bytes) and an operation with its character (one byte
// each).
void edited_token(std::string_view edits) {
    std::string token = world().valid;
    for (; edits.size() >= 4; edits.remove_prefix(4)) {
        const auto place = static_cast<unsigned char>(edits[0]) * 256U + static_cast<unsigned char>(edits[1]);
        const std::size_t at = place % (token.size() + 1);
        switch (static_cast<unsigned char>(edits[2]) % 4) {
            case 0:
                token.insert(at, 1, edits[3]);
                break;
            case 1:
                token.erase(at, 1);
                break;
            case 2:
                token.resize(at);
                break;
            default:
                if (at < token.size()) token[at] = edits[3];
        }
    }
    any_text(token);
}

// The input as claims that a key's owner signed.
void signed_claims(std::string_view json) {
    const std::string token = sign_hs256(world().key, json);
    const Check check = world().verifier.check(token, kPath, kClient, kNow);
    const Claims& claims = check.claims;
    require(check.verdict != Verdict::signature && check.verdict != Verdict::unknown_key);
    if (check.verdict == Verdict::malformed) return;
    require(claims.exp && *claims.exp >= 0 && *claims.exp <= kMaxNumericDate);
    const bool playback = !claims.has_scope && claims.countries.empty();
    require((check.verdict == Verdict::expired) == (playback && *claims.exp <= kNow));
    if (check.verdict != Verdict::ok) return;
    require(claims.max_height.value_or(1) >= 1 && claims.max_height.value_or(1) <= 65535);
    bool open = claims.paths.empty();
    for (const std::string& prefix : claims.paths)
        open = open || path_opens(prefix, kPath);
    bool from_here = claims.networks.empty();
    for (const Network& network : claims.networks)
        from_here = from_here || contains(network, parse_address(kClient).value());
    require(open && from_here && claims.nbf.value_or(0) <= kNow);
}

// A token for some countries opens in these only.
void signed_countries(std::string_view json) {
    const std::string token = sign_hs256(world().key, json);
    const Check check = world().verifier.check(token, kPath, kClient, kNow, "de");
    if (check.verdict != Verdict::ok) return;
    bool german = check.claims.countries.empty();
    for (const std::string& country : check.claims.countries)
        german = german || country == "DE";
    require(german);
    const auto elsewhere = world().verifier.check(token, kPath, kClient, kNow, "FR").verdict;
    require(elsewhere == Verdict::ok || elsewhere == Verdict::geo);
}

// The same for the API.
void signed_api_claims(std::string_view json) {
    const std::string token = sign_hs256(world().key, json);
    const ApiCheck check = world().verifier.check_api_token(token, kClient, kNow);
    require(check.verdict != Verdict::signature && check.verdict != Verdict::internal);
    if (check.verdict != Verdict::ok) return;
    require(!check.claims.sub.empty() && !check.claims.scopes.empty() && check.claims.exp > kNow);
    require(check.claims.json == json);
    require(world().verifier.check(token, kPath, kClient, kNow).verdict != Verdict::ok);
}

// No query but the signed one opens an upload, however it is spelt.
void upload_query(std::string_view query) {
    static const UploadGrant grant{.upload_id = "8c4d0a4e-9d0f-4a55-8a5b-0d6f1c2e3a4b",
                                   .filename = "a b.mp4",
                                   .size = 7,
                                   .content_type = "video/mp4",
                                   .expires = kNow + 60};
    static const std::string right = sign_upload(world().key, grant);
    for (std::string text : {std::string(query), right + std::string(query), std::string(query) + right}) {
        const auto found = verify_upload(world().verifier.keys(), grant.upload_id, text, kNow);
        require(!found || *found == grant);
    }
    require(verify_upload(world().verifier.keys(), grant.upload_id, right, kNow) == grant);
}

void address(std::string_view text) {
    const auto network = parse_network(text);
    if (!network) return;
    require(network->prefix <= 128 && text.find_first_not_of("0123456789abcdefABCDEF.:/") == text.npos);
    const bool mixed = network->prefix < 96 && text.find('.') != text.npos;
    require(mixed || contains(*network, network->base) || parse_address(text.substr(0, text.find('/'))));
}

void key_file(std::string_view json) {
    const auto key = parse_jwk(json);
    if (!key) return;
    const std::string token = sign_hs256(*key, "{}");
    const auto jws = parse_jws(token);
    require(jws && jws->kid == key->kid() && verify_hs256(*jws, *key) == Verdict::ok);
}

// Each byte string has exactly one text.
void encoding(std::string_view text) {
    std::array<std::byte, 8192> buffer;
    const auto bytes = base64url_decode(text, buffer);
    if (bytes) require(base64url_encode(*bytes) == text);
    const auto back = base64url_decode(base64url_encode(mezz::as_bytes(text)), buffer);
    if (text.size() <= buffer.size()) require(back && mezz::as_text(*back) == text);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const std::string_view rest(reinterpret_cast<const char*>(data) + 1, size - 1);
    switch (data[0]) {
        case 't':
            any_text(rest);
            break;
        case 'e':
            edited_token(rest);
            break;
        case 'c':
            signed_claims(rest);
            signed_countries(rest);
            break;
        case 'a':
            signed_api_claims(rest);
            break;
        case 'u':
            upload_query(rest);
            break;
        case 'n':
            address(rest);
            break;
        case 'k':
            key_file(rest);
            break;
        case 'b':
            encoding(rest);
            break;
        default:
            return -1;
    }
    return 0;
}
