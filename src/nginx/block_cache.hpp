// The blocks that a worker keeps for itself.
#pragma once

#include <cstddef>
#include <list>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace mezz::nginx {

using SharedBytes = std::shared_ptr<const std::vector<std::byte>>;

/// A few blocks by key; the least recently used go first. Who has a block keeps it alive.
class BlockCache {
public:
    /// Holds at most `max_blocks` blocks of `max_bytes` bytes in all, but always the last one that was put.
    BlockCache(std::size_t max_blocks, std::size_t max_bytes) noexcept
        : max_blocks_(max_blocks), max_bytes_(max_bytes) {}

    /// The block of this key, null if there is none.
    [[nodiscard]] SharedBytes find(std::string_view key) noexcept;

    /// Keeps a block, in place of an earlier one of that key.
    void put(std::string_view key, SharedBytes bytes);

    void erase(std::string_view key) noexcept;

private:
    struct Item {
        std::string key;
        SharedBytes bytes;
    };

    void drop(std::list<Item>::iterator item) noexcept;

    std::list<Item> items_;  // most recently used first; so few that a search is a walk
    std::size_t bytes_ = 0;
    std::size_t max_blocks_;
    std::size_t max_bytes_;
};

}  // namespace mezz::nginx
