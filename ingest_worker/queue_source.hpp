// ingest_worker run: the jobs of the queue, one after the other; several of these make several at once.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "heartbeat.hpp"
#include "memory_budget.hpp"
#include "sweeper.hpp"

namespace mezz::worker {

class QueueSource final : public JobSource {
public:
    /// `ladder` is for jobs that bring none. `stop` ends it: what runs is handed back. `budget` is shared by
    /// the sources of one process, of which one has the sweeper.
    QueueSource(QueueOptions options, std::vector<Rung> ladder, const std::atomic<bool>& stop,
                std::shared_ptr<MemoryBudget> budget, std::shared_ptr<Metrics> metrics, bool sweeps);
    ~QueueSource() override;

    /// Waits for a job; nullopt once the worker is to stop, or with --once no job is open.
    [[nodiscard]] std::optional<Job> next() override;
    void progressed(const Progress& progress) override { shared_.active.progressed(progress); }
    [[nodiscard]] std::optional<Failure> stopped() override;

    /// Asks PostgreSQL whether the job is still this worker's; waits for PostgreSQL.
    [[nodiscard]] Outcome<void> before_publishing() override;

    /// The same, but only if the lease may have ended meanwhile: the process may have been stopped.
    [[nodiscard]] Outcome<void> while_publishing() override;

    void finished(const Job& job, const Outcome<Ready>& outcome) override;
    [[nodiscard]] int exit_code() const noexcept override { return 0; }

private:
    [[nodiscard]] std::optional<Claim> next_claim();
    [[nodiscard]] std::optional<Claim> claim_by_message();
    [[nodiscard]] std::optional<Claim> claim_directly();
    [[nodiscard]] std::optional<Claim> claim_in_lane();
    [[nodiscard]] Answer<std::optional<Claim>> claim();
    [[nodiscard]] bool tidy_after_reconnection();
    [[nodiscard]] bool nothing_is_open();
    void begin(const Claim& claim);
    [[nodiscard]] std::uint32_t share_of_workers();
    [[nodiscard]] double most_cost(const Claim& claim) const;
    [[nodiscard]] Outcome<Job> make_job(const Claim& claim);
    [[nodiscard]] Outcome<std::vector<Rung>> ladder_of(const Claim& claim) const;
    [[nodiscard]] Outcome<void> make_part(const Claim& claim, Job& job) const;
    [[nodiscard]] std::string parts_root() const { return options_.processed + '/' + kPartsFolder; }

    [[nodiscard]] Outcome<void> check_hold();
    void settle(const Outcome<Ready>& outcome);
    [[nodiscard]] Answer<Hold> report(const Outcome<Ready>& outcome);
    /// The title itself is still to come.
    [[nodiscard]] bool is_provisional() const noexcept {
        return claim_->draft || claim_->kind == JobKind::remux;
    }
    [[nodiscard]] bool unsplits(const Failure& failure) const noexcept;
    void queue_freed();
    void count(std::string_view outcome, const Failure* failure = nullptr);
    [[nodiscard]] Answer<Hold> report_failure(const Failure& failure);
    void reported(const Outcome<Ready>& outcome, Hold hold);
    void reported_failure(const Failure& failure);
    void discard(Hold hold);

    /// Sleeps a little. False once the worker is to stop and the time for last words is up.
    [[nodiscard]] bool wait_for_postgres();
    void pause(milliseconds time) const;

    QueueOptions options_;
    std::vector<Rung> ladder_;
    std::shared_ptr<MemoryBudget> budget_;
    bool sweeps_;
    const std::atomic<bool>& stop_;
    SharedState shared_;
    PostgresLink postgres_;
    RedisLink redis_;
    JobStore store_;
    JobQueue queue_;
    Heartbeat heartbeat_;
    Sweeper sweeper_;
    std::optional<QueueMessage> message_;  // read from Redis and not yet dealt with
    std::optional<QueueMessage> heard_;    // of a lane: what woke it, not to be dealt with
    std::optional<Claim> claim_;
    Clock::time_point begun_;
    Freed freed_;               // jobs that may be begun since the last one ended
    std::uint64_t tidied_ = 1;  // the number of the connection to PostgreSQL at which that was last done
    bool published_ = false;    // files of the running job are in their places
};

}  // namespace mezz::worker
