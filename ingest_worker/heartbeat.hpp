// A thread that renews the running job's lease, writes its progress, shows the worker in Redis and empties
// the outbox. It goes on whatever the job does.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <thread>

#include "active_job.hpp"
#include "metrics.hpp"
#include "outbox.hpp"
#include "queue_options.hpp"

namespace mezz::worker {

/// What the threads of a queue worker share.
struct SharedState {
    SharedState(const QueueOptions& all, const std::atomic<bool>& stop, std::shared_ptr<Metrics> counters)
        : options(all), abandon(stop), metrics(std::move(counters)) {}

    const QueueOptions& options;
    BackendHealth postgres{"postgresql"};
    BackendHealth redis{"redis"};
    const Abandon abandon;
    ActiveJob active;
    Outbox outbox;
    std::shared_ptr<Metrics> metrics;  ///< of the process
};

class Heartbeat {
public:
    /// The state must outlive it.
    explicit Heartbeat(SharedState& shared);
    Heartbeat(const Heartbeat&) = delete;
    Heartbeat& operator=(const Heartbeat&) = delete;
    ~Heartbeat() { stop(); }

    void start();

    /// Sends what is left in the outbox, for two seconds at most, and ends the thread.
    void stop();

private:
    void run();
    void beat();
    void renew(const ActiveState& state);
    void show(const std::optional<ActiveState>& state);
    void empty_outbox();
    void say_goodbye();

    // Each carries one post out; false: to be tried again.
    [[nodiscard]] bool send(const Announcement& post);
    [[nodiscard]] bool send(const DeadLetter& post);
    [[nodiscard]] bool send(const SettledMessage& post);
    [[nodiscard]] bool send(const QueuedJob& post);

    SharedState& shared_;
    PostgresLink postgres_;
    RedisLink redis_;
    JobStore store_;
    JobQueue queue_;
    std::atomic<bool> stopping_ = false;
    std::string started_at_;
    Clock::time_point next_beat_;
    Clock::time_point next_show_;
    Clock::time_point next_keep_;
    std::thread thread_;
};

}  // namespace mezz::worker
