#include "nginx/block_cache.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace mezz::nginx {

SharedBytes BlockCache::find(std::string_view key) noexcept {
    const auto item = std::ranges::find(items_, key, &Item::key);
    if (item == items_.end()) return nullptr;
    items_.splice(items_.begin(), items_, item);
    return item->bytes;
}

void BlockCache::put(std::string_view key, SharedBytes bytes) {
    erase(key);
    items_.push_front({std::string(key), std::move(bytes)});
    bytes_ += items_.front().bytes->size();
    while (items_.size() > 1 && (items_.size() > max_blocks_ || bytes_ > max_bytes_))
        drop(std::prev(items_.end()));
}

void BlockCache::erase(std::string_view key) noexcept {
    const auto item = std::ranges::find(items_, key, &Item::key);
    if (item != items_.end()) drop(item);
}

void BlockCache::drop(std::list<Item>::iterator item) noexcept {
    bytes_ -= item->bytes->size();
    items_.erase(item);
}

}  // namespace mezz::nginx
