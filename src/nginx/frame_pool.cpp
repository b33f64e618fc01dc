#include "nginx/frame_pool.hpp"

#include <algorithm>
#include <cstdint>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#include <sanitizer/asan_interface.h>
#endif
#endif
#ifndef ASAN_POISON_MEMORY_REGION
#define ASAN_POISON_MEMORY_REGION(address, size) static_cast<void>(0)
#define ASAN_UNPOISON_MEMORY_REGION(address, size) static_cast<void>(0)
#endif

namespace mezz::nginx {

namespace {

constinit std::size_t frames_live = 0;

}  // namespace

struct alignas(16) FramePool::Header {
    union {
        FramePool* owner;  // in use
        Header* next;      // free
    };
    std::size_t granules;
};

void* FramePool::allocate(std::size_t size) noexcept {
    const std::size_t granules = (size + kGranule - 1) / kGranule;
    Header* header = reuse(granules);
    if (header == nullptr) {
        void* memory = pool_allocate(pool_, sizeof(Header) + granules * kGranule, alignof(Header));
        if (memory == nullptr) return nullptr;
        header = ::new (memory) Header;
        header->granules = granules;
    }
    header->owner = this;
    ++frames_live;
    return header + 1;
}

FramePool::Header* FramePool::reuse(std::size_t granules) noexcept {
    Header** link = &free_[std::min(granules, kClasses)];
    while (*link != nullptr && (*link)->granules < granules)
        link = &(*link)->next;
    Header* found = *link;
    if (found != nullptr) {
        *link = found->next;
        ASAN_UNPOISON_MEMORY_REGION(found + 1, found->granules * kGranule);
    }
    return found;
}

void FramePool::release(void* frame) noexcept {
    Header* header = static_cast<Header*>(frame) - 1;
    Header*& list = header->owner->free_[std::min(header->granules, kClasses)];
    ASAN_POISON_MEMORY_REGION(frame, header->granules * kGranule);
    header->next = list;
    list = header;
    --frames_live;
}

std::size_t FramePool::live() noexcept {
    return frames_live;
}

}  // namespace mezz::nginx
