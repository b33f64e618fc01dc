#include "token/token_cache.hpp"

#include <openssl/crypto.h>

#include <new>
#include <utility>

namespace mezz::token {

bool TokenCache::Equal::operator()(std::string_view a, std::string_view b) const noexcept {
    return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

std::expected<const Claims*, Verdict> TokenCache::read(const Verifier& verifier,
                                                       std::string_view token) noexcept {
    try {
        if (const auto known = by_token_.find(token); known != by_token_.end()) {
            entries_.splice(entries_.begin(), entries_, known->second);
            return &known->second->claims;
        }
        auto claims = verifier.read(token);
        if (!claims) return std::unexpected(claims.error());
        return keep(token, std::move(*claims));
    } catch (const std::bad_alloc&) {
        return std::unexpected(Verdict::internal);
    }
}

const Claims* TokenCache::keep(std::string_view token, Claims claims) {
    if (token.size() > kLongest || most_ == 0) {
        unremembered_ = std::move(claims);
        return &unremembered_;
    }
    if (entries_.size() == most_) {
        by_token_.erase(entries_.back().token);
        entries_.pop_back();
    }
    Entries added;
    added.push_front({std::string(token), std::move(claims)});
    by_token_.emplace(added.front().token, added.begin());
    entries_.splice(entries_.begin(), added);
    return &entries_.front().claims;
}

}  // namespace mezz::token
