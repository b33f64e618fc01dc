// What Redis is still to be told, once what it tells has been committed. Filled by several threads, emptied
// by the heartbeat's, so that a Redis that is away holds nobody up and misses nothing.
#pragma once

#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <variant>

#include "job_queue.hpp"

namespace mezz::worker {

/// The catalog entry of a video has changed.
struct Announcement {
    std::string video_id;
};

/// A message's job has ended, or is somebody else's.
struct SettledMessage {
    std::string id;
};

/// A job is to be put into the queue again.
struct QueuedJob {
    std::string job_id;
    std::string video_id;
};

using Post = std::variant<Announcement, DeadLetter, SettledMessage, QueuedJob>;

/// Thread-safe; in order.
class Outbox {
public:
    /// Over 10000 posts the oldest is dropped: PostgreSQL knows all of it.
    void put(Post post);

    [[nodiscard]] std::optional<Post> front() const;
    void pop();
    [[nodiscard]] bool empty() const;

    /// Waits until something is put, or wake() is called, or the time is up.
    void wait(std::chrono::milliseconds at_most);
    void wake();

private:
    mutable std::mutex mutex_;
    std::condition_variable news_;
    std::deque<Post> posts_;
    bool woken_ = false;
};

}  // namespace mezz::worker
