// A thread that tidies up about every 5 s, in one worker at a time: jobs whose worker died, jobs and
// entries that Redis has lost, files of videos that were taken down, uploads that nobody used.
#pragma once

#include <atomic>
#include <optional>
#include <string>
#include <thread>

#include "heartbeat.hpp"

namespace mezz::worker {

class Sweeper {
public:
    /// The state must outlive it.
    explicit Sweeper(SharedState& shared);
    Sweeper(const Sweeper&) = delete;
    Sweeper& operator=(const Sweeper&) = delete;
    ~Sweeper() { stop(); }

    void start();

    void ask_to_stop() noexcept { stopping_ = true; }

    /// Ends the thread once the file that it removes is removed.
    void stop();

private:
    void run();
    void show_metrics();
    Answer<void> sweep();
    Answer<void> sweep_jobs();
    Answer<void> bury_dead_jobs();
    Answer<void> free_dead_workers_jobs();
    Answer<void> close_taken_down_jobs();
    Answer<void> fill_queue();
    Answer<void> announce_untold();
    Answer<void> sweep_files();
    Answer<void> sweep_parts();

    enum class Removal : std::uint8_t { none, failed, done };
    Answer<void> repeat(Answer<Removal> (Sweeper::*remove_one)(int));
    Answer<Removal> purge_video(int skip);
    Answer<Removal> tidy_video(int skip);
    Answer<Removal> remove_upload(int skip);
    Answer<Removal> end_removal(Removal removal, const Answer<PgRows>* noted);

    SharedState& shared_;
    PostgresLink postgres_;
    RedisLink redis_;
    JobQueue queue_;
    std::atomic<bool> stopping_ = false;
    Clock::time_point next_files_;
    std::thread thread_;
};

}  // namespace mezz::worker
