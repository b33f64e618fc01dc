// Keys and tokens for the tests of src/token/.
#pragma once

#include <string>
#include <string_view>

#include "token/base64url.hpp"
#include "token/jwt.hpp"
#include "token/verifier.hpp"

namespace mezz::test {

/// A key whose secret is 32 times `fill`.
inline token::Key key(std::string_view kid, char fill) {
    const std::string secret(32, fill);
    return token::Key::make(kid, as_bytes(secret)).value();
}

/// A token of any header and payload, rightly signed with `key`.
inline std::string signed_with(const token::Key& key, std::string_view header, std::string_view payload) {
    std::string text =
        token::base64url_encode(as_bytes(header)) + '.' + token::base64url_encode(as_bytes(payload));
    const auto mac = key.hmac(text).value();
    return text + '.' + token::base64url_encode(mac);
}

}  // namespace mezz::test
