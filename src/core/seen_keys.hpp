// Which keys have been asked for of late: what is asked for once only shall not push out what others need.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace mezz {

/// Remembers about the last N keys by their hashes. Needs no lock, and as all its bytes are zero at first, it
/// can lie in memory that processes share. Two keys of one hash, or of one place, count as each other or push
/// each other out: it is for guessing.
template <std::size_t N>
class SeenKeys {
public:
    /// Whether the key was seen before; from now on it was.
    [[nodiscard]] bool see(std::uint64_t hash) noexcept {
        const std::uint64_t mark = hash | 1U;  // 0 is an empty place
        return places_[(hash >> 1U) % N].exchange(mark, std::memory_order_relaxed) == mark;
    }

private:
    static_assert(std::atomic<std::uint64_t>::is_always_lock_free);

    std::array<std::atomic<std::uint64_t>, N> places_{};
};

}  // namespace mezz
