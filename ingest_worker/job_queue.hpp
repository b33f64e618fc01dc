// The stream of jobs in Redis and what else the worker keeps there. PostgreSQL decides who runs a job: a
// message only says that there may be one.
#pragma once

#include <optional>
#include <string>

#include "queue_message.hpp"
#include "redis_link.hpp"

namespace mezz::worker {

/// A job that will not be tried again.
struct DeadLetter {
    std::string job_id;
    std::string video_id;
    std::string reason;
    std::string error;
};

struct QueueDepth {
    std::int64_t messages = 0;   ///< in the stream, delivered or not
    std::int64_t delivered = 0;  ///< of those, read by a worker and not yet acknowledged
};

class JobQueue {
public:
    /// `consumer` is the worker's id. The link must outlive the queue; one thread uses both.
    JobQueue(RedisLink& link, std::string consumer) : link_(link), consumer_(std::move(consumer)) {}

    /// The next message for this worker: one that it left behind, one that another worker left for over a
    /// minute, or a new one, for which it waits a second. nullopt: none came.
    [[nodiscard]] Answer<std::optional<QueueMessage>> read();

    /// Waits a second for a message in a group of its own, each of which one of its readers sees. They are
    /// not to be acknowledged: those who read() do so.
    [[nodiscard]] Answer<std::optional<QueueMessage>> listen(const std::string& group);

    /// Adds a job.
    Answer<void> add(const std::string& job_id, const std::string& video_id);

    /// Acknowledges a message and removes it.
    Answer<void> settle(const std::string& message_id);

    /// Says that this worker still works on a message, so that no other takes it over.
    Answer<void> keep(const std::string& message_id);

    Answer<void> bury(const DeadLetter& letter);

    /// Puts a video's catalog entry into the cache and tells the edges.
    Answer<void> announce(const std::string& video_id, const std::string& entry);

    /// Publishes what the worker does, for those who look, for half a minute. One that `counts` is one of
    /// workers().
    Answer<void> show_worker(const std::string& json, bool counts);
    Answer<void> hide_worker();

    /// Workers that gave a sign of life within half a minute.
    [[nodiscard]] Answer<std::int64_t> workers();

    [[nodiscard]] Answer<QueueDepth> depth();

    /// Removes consumers that have nothing and were not seen for an hour: each worker has a name of its own.
    Answer<void> forget_consumers();

    /// Removes this consumer, unless messages are left to it.
    void leave();

private:
    Answer<std::optional<QueueMessage>> read_group(const char* from, const char* wait_ms);
    Answer<std::optional<QueueMessage>> take_over();
    Answer<std::int64_t> time();
    Answer<RedisReply> in_group(const std::vector<std::string>& words);
    Answer<void> make_group(const std::string& group, const char* from);
    Answer<void> forget_consumers_of(const std::string& group);
    Answer<void> run(const std::vector<std::string>& words);

    RedisLink& link_;
    std::string consumer_;
    std::string listens_in_;        // the group of listen(), once it was called
    std::uint64_t connection_ = 0;  // number of the connection on which our own messages were looked through
    Clock::time_point next_take_over_;
};

}  // namespace mezz::worker
