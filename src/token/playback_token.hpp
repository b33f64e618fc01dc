// Making playback tokens.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "token/jwk.hpp"

namespace mezz::token {

struct PlaybackGrant {
    std::string_view path;                      ///< that it opens, with what is below it
    std::int64_t exp = 0;                       ///< seconds since 1970
    std::string_view sub{};                     ///< for whom; left out if empty
    std::string_view sid{};                     ///< which session; left out if empty
    std::optional<std::uint32_t> max_height{};  ///< lines of the renditions that it opens, at least 1
};

/// A token that Verifier::check takes. What is not UTF-8 in a text is replaced. Throws std::bad_alloc, also
/// if OpenSSL has no memory.
[[nodiscard]] std::string sign_playback(const Key& key, const PlaybackGrant& grant);

}  // namespace mezz::token
