// Symmetric keys: JSON Web Keys of type "oct" (RFC 7517, RFC 7518 section 6.4) and HMAC SHA-256 with them.
#pragma once

#include <openssl/evp.h>

#include <array>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "core/bytes.hpp"
#include "core/error.hpp"

namespace mezz::token {

inline constexpr std::size_t kMinSecretSize = 32;  ///< bytes (RFC 7518 section 3.2)
inline constexpr std::size_t kMaxSecretSize = 1024;
inline constexpr std::size_t kMaxKidSize = 255;
inline constexpr std::size_t kMaxJwkSize = 8192;

using Hmac = std::array<std::byte, 32>;

/// An HS256 key under its name. Owns the key schedule, which OpenSSL wipes when the Key is destroyed. Move
/// only; a Key that was moved from may only be destroyed or assigned to. May be used in processes forked
/// later.
class Key {
public:
    /// Prepares `secret`, of kMinSecretSize to kMaxSecretSize bytes, which is not referred to afterwards.
    /// `kid` is 1 to kMaxKidSize characters of printable ASCII without the double quote and the backslash.
    [[nodiscard]] static Result<Key> make(std::string_view kid, Bytes secret);

    [[nodiscard]] const std::string& kid() const noexcept { return kid_; }

    /// The HMAC SHA-256 of `text`. Fails with `internal` if OpenSSL has no memory.
    [[nodiscard]] Result<Hmac> hmac(std::string_view text) const noexcept;

private:
    struct Free {
        void operator()(EVP_MAC_CTX* context) const noexcept { EVP_MAC_CTX_free(context); }
    };
    using Context = std::unique_ptr<EVP_MAC_CTX, Free>;

    Key(std::string_view kid, Context keyed) : kid_(kid), keyed_(std::move(keyed)) {}

    std::string kid_;
    Context keyed_;  // initialised with the secret; copied for each message
};

/// Reads the JWK in `json` (the text of a file). `kid`, if not empty, is the name that the configuration
/// gives the key: the JWK's own "kid" must then be equal or absent. "alg" may be absent, and "use" and
/// "key_ops" must, where present, allow verifying. The error's text names the member that is wrong.
[[nodiscard]] Result<Key> parse_jwk(std::string_view json, std::string_view kid = {});

}  // namespace mezz::token
