// What a worker remembers for a short time.
#pragma once

#include <cstddef>
#include <deque>
#include <string>
#include <string_view>
#include <unordered_map>

#include "nginx/ngx.hpp"

namespace mezz::nginx {

/// Values by key, each for a time of its own. Holds at most `most`: the oldest go first. For one worker.
template <class V>
class ShortMemory {
public:
    explicit ShortMemory(std::size_t most) : most_(most) {}

    /// The value of a key, null if there is none any more. Good until the next call.
    [[nodiscard]] const V* find(const std::string& key) const noexcept {
        const auto found = values_.find(key);
        const bool good =
            found != values_.end() && static_cast<ngx_msec_int_t>(found->second.until - ngx_current_msec) > 0;
        return good ? &found->second.value : nullptr;
    }

    /// Remembers a value for `ms` milliseconds, in place of an earlier one of that key.
    void put(const std::string& key, V value, ngx_msec_t ms) {
        const auto [place, is_new] =
            values_.insert_or_assign(key, Entry{std::move(value), ngx_current_msec + ms});
        if (!is_new) return;
        order_.push_back(&place->first);
        if (order_.size() <= most_) return;
        values_.erase(values_.find(*order_.front()));
        order_.pop_front();
    }

private:
    struct Entry {
        V value;
        ngx_msec_t until;
    };

    std::size_t most_;
    std::unordered_map<std::string, Entry> values_;
    std::deque<const std::string*> order_;  // keys of values_, the oldest first
};

}  // namespace mezz::nginx
