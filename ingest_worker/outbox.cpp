#include "outbox.hpp"

namespace mezz::worker {

void Outbox::put(Post post) {
    constexpr std::size_t kMost = 10000;
    {
        const std::lock_guard lock(mutex_);
        if (posts_.size() == kMost) posts_.pop_front();
        posts_.push_back(std::move(post));
        woken_ = true;
    }
    news_.notify_all();
}

std::optional<Post> Outbox::front() const {
    const std::lock_guard lock(mutex_);
    if (posts_.empty()) return std::nullopt;
    return posts_.front();
}

void Outbox::pop() {
    const std::lock_guard lock(mutex_);
    if (!posts_.empty()) posts_.pop_front();
}

bool Outbox::empty() const {
    const std::lock_guard lock(mutex_);
    return posts_.empty();
}

void Outbox::wait(std::chrono::milliseconds at_most) {
    std::unique_lock lock(mutex_);
    news_.wait_for(lock, at_most, [this] { return woken_; });
    woken_ = false;
}

void Outbox::wake() {
    {
        const std::lock_guard lock(mutex_);
        woken_ = true;
    }
    news_.notify_all();
}

}  // namespace mezz::worker
