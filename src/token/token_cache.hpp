// Tokens that have been found genuine, so that a session's next request costs a look-up.
#pragma once

#include <cstddef>
#include <list>
#include <string>
#include <string_view>
#include <unordered_map>

#include "token/verifier.hpp"

namespace mezz::token {

/// Remembers the claims of tokens whose signature and form are right; what the claims allow is judged anew at
/// each use. Holds at most `most` tokens, the least recently used go first; those longer than kLongest are
/// not remembered. Only tokens that the keys have signed get in, so strangers can neither fill it nor choose
/// what collides; tokens are compared in constant time. For one thread, and for the keys of one Verifier.
class TokenCache {
public:
    static constexpr std::size_t kLongest = 2048;  ///< characters

    explicit TokenCache(std::size_t most) noexcept : most_(most) {}

    /// What `verifier` reads in a token, from memory or by reading it. The claims may be used until the next
    /// call. Ends with `internal` if there is no memory.
    [[nodiscard]] std::expected<const Claims*, Verdict> read(const Verifier& verifier,
                                                             std::string_view token) noexcept;

    [[nodiscard]] std::size_t size() const noexcept { return entries_.size(); }

private:
    struct Entry {
        std::string token;
        Claims claims;
    };
    using Entries = std::list<Entry>;

    struct Equal {
        bool operator()(std::string_view a, std::string_view b) const noexcept;
    };

    [[nodiscard]] const Claims* keep(std::string_view token, Claims claims);

    std::size_t most_;
    Entries entries_;  // most recently used first
    std::unordered_map<std::string_view, Entries::iterator, std::hash<std::string_view>, Equal> by_token_;
    Claims unremembered_;
};

}  // namespace mezz::token
