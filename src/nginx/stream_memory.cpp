#include "nginx/stream_memory.hpp"

#include <cstdlib>

namespace mezz::nginx {

namespace {

constexpr std::size_t kCacheLine = 64;
#ifdef __SANITIZE_ADDRESS__
constexpr std::size_t kMostKept = 0;  // who uses what was given back shall be found
#else
constexpr std::size_t kMostKept = 64;
#endif

struct Kept {
    Kept* next;
};

constinit Kept* kept = nullptr;
constinit std::size_t kept_count = 0;

void* take() noexcept {
    if (kept == nullptr) return std::aligned_alloc(kCacheLine, kStreamBuffer);
    --kept_count;
    return std::exchange(kept, kept->next);
}

void give_back(void* memory) noexcept {
    if (kept_count >= kMostKept) {
        std::free(memory);
        return;
    }
    kept = ::new (memory) Kept{kept};
    ++kept_count;
}

}  // namespace

std::span<std::byte> stream_memory(ngx_pool_t* pool) noexcept {
    ngx_pool_cleanup_t* cleanup = ngx_pool_cleanup_add(pool, 0);
    if (cleanup == nullptr) return {};
    void* memory = take();
    if (memory == nullptr) return {};
    cleanup->data = memory;
    cleanup->handler = give_back;
    return {static_cast<std::byte*>(memory), kStreamBuffer};
}

}  // namespace mezz::nginx
